import type { JSX } from "preact";
import { useState } from "preact/hooks";

import stepsStyles from "../styles/steps.css?inline";
import outcomeStyles from "../styles/outcome.css?inline";
import { adopt } from "../components/adopt";
import { summaryOf } from "../trace/statements";
import { stateOf, unfinished } from "../trace/steps";
import { grouped, change, cpuOf, lasting, memoryOf, size, time } from "../trace/format";
import { current } from "../state/request";
import { actions } from "../state/actions";
import { state } from "../state/store";
import type { Step } from "../api/types";
import { Dropped, Repeated } from "../components/Message";
import { More, useShown } from "../components/More";
import { usePicked } from "../components/usePicked";

adopt(stepsStyles, outcomeStyles);

const SHOWN = 1000;

type Key = string | number;

interface Column {
  readonly title: string;
  readonly of: (step: Step) => Key;
  readonly numeric?: true;
}

const COLUMNS: readonly Column[] = [
  { title: "#", of: (step) => step.id, numeric: true },
  { title: "stage", of: (step) => step.stage },
  { title: "name", of: (step) => step.name },
  { title: "scope", of: (step) => step.scope ?? "" },
  { title: "begins at", of: (step) => step.begin, numeric: true },
  { title: "took", of: took, numeric: true },
  { title: "outcome", of: (step) => step.outcome ?? "running" },
];
/** The optional columns, and how their values are formatted. */
const MEASURES: readonly (Column & { readonly write: (step: Step) => string | null })[] = [
  { title: "CPU", of: (step) => cpuOf(step) ?? -1, numeric: true, write: (step) => when(cpuOf(step), time) },
  {
    title: "memory",
    of: (step) => memoryOf(step)?.net ?? -Infinity,
    numeric: true,
    write: (step) => when(memoryOf(step)?.net, change),
  },
  {
    title: "peak",
    of: (step) => memoryOf(step)?.peak ?? -1,
    numeric: true,
    write: (step) => when(memoryOf(step)?.peak, size),
  },
];

function when(value: number | null | undefined, write: (value: number) => string): string | null {
  return typeof value === "number" ? write(value) : null;
}

function took(step: Step): number {
  return step.end === null ? Infinity : step.end - step.begin;
}

type Measure = (typeof MEASURES)[number];

/** By which column the table is sorted, and in which direction. */
interface Sorted {
  readonly column: number;
  readonly down: boolean;
}

/** Every step as a table that can be sorted. */
export default function Steps(): JSX.Element | null {
  const [sorted, setSorted] = useState<Sorted>({ column: 0, down: false });
  const [shown, more] = useShown(SHOWN);
  const trace = current(state.value);
  const box = usePicked(state.value.step);
  if (trace === null) return null;
  const measures = MEASURES.filter(({ write }) => trace.steps.some((step) => write(step) !== null));
  const columns: readonly Column[] = [...COLUMNS, ...measures];
  const steps = sortedBy(trace.steps, columns[sorted.column], sorted.down);
  return (
    <div class="steps" ref={box} tabIndex={0} role="region" aria-label="Steps">
      <table>
        <Head columns={columns} sorted={sorted} onSort={setSorted} />
        <tbody>
          {steps.slice(0, shown).map((step) => (
            <Row
              key={step.id}
              step={step}
              open={unfinished(trace)}
              picked={step.id === state.value.step}
              measures={measures}
            />
          ))}
        </tbody>
      </table>
      <More count={steps.length - shown} what="more steps" onMore={more} />
      <Dropped trace={trace} />
    </div>
  );
}

function sortedBy(steps: readonly Step[], column: Column | undefined, down: boolean): readonly Step[] {
  const sign = down ? -1 : 1;
  const order = (a: Step, b: Step): number =>
    column === undefined ? 0 : sign * compare(column.of(a), column.of(b));
  return [...steps].sort((a, b) => order(a, b) || a.id - b.id);
}

interface HeadProps {
  readonly columns: readonly Column[];
  readonly sorted: Sorted;
  readonly onSort: (sorted: Sorted) => void;
}

function Head({ columns, sorted, onSort }: HeadProps): JSX.Element {
  return (
    <thead>
      <tr>
        {columns.map(({ title, numeric }, column) => {
          const isSorted = column === sorted.column;
          return (
            <th
              key={title}
              scope="col"
              class={numeric ? "num" : undefined}
              aria-sort={!isSorted ? "none" : sorted.down ? "descending" : "ascending"}
            >
              <button
                type="button"
                onClick={() => {
                  onSort({ column, down: isSorted ? !sorted.down : numeric === true && column > 0 });
                }}
              >
                {title} <span aria-hidden="true">{!isSorted ? "" : sorted.down ? "↓" : "↑"}</span>
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

interface RowProps {
  readonly step: Step;
  /** What it is doing if it has no end. */
  readonly open: string;
  readonly picked: boolean;
  readonly measures: readonly Measure[];
}

function Row({ step, open, picked, measures }: RowProps): JSX.Element {
  return (
    <tr
      data-step={step.id}
      data-stage={step.stage}
      data-state={stateOf(step)}
      class={picked ? "picked" : undefined}
      onClick={() => {
        actions.step(step.id);
      }}
    >
      <td class="num k">{grouped(step.id + 1)}</td>
      <td class="k">{step.stage}</td>
      <td class="what">
        <button type="button" class="link" title={step.name}>
          <code>
            <bdi>{step.stage === "sql" ? summaryOf(step) : step.name}</bdi>
          </code>
          <Repeated step={step} />
        </button>
      </td>
      <td class="k">{step.scope}</td>
      <td class="num">{time(step.begin)}</td>
      <td class="num">{step.end === null ? "–" : lasting(step.end - step.begin)}</td>
      <td>
        <span class={`outcome ${step.outcome ?? "running"}`}>
          {step.error === null ? (step.outcome ?? open).replace("_", " ") : step.error.type}
        </span>
      </td>
      {measures.map(({ title, write }) => (
        <td key={title} class="num">
          {write(step)}
        </td>
      ))}
    </tr>
  );
}

function compare(a: Key, b: Key): number {
  return typeof a === "number" && typeof b === "number"
    ? a === b
      ? 0
      : a - b
    : String(a).localeCompare(String(b));
}
