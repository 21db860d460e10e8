import type { JSX } from "preact";
import { useState } from "preact/hooks";

import stepsStyles from "../styles/steps.css?inline";
import outcomeStyles from "../styles/outcome.css?inline";
import { adopt } from "../components/adopt";
import { stateOf } from "../trace/steps";
import { change, cpuOf, memoryOf, size, time } from "../trace/format";
import { current } from "../state/request";
import { actions } from "../state/actions";
import { state } from "../state/store";
import type { Step } from "../api/types";
import { Dropped, Repeated } from "../components/Message";

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
/** What is there where it was asked for, and how it is written. */
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

/** Every step as a table that can be sorted. */
export default function Steps(): JSX.Element | null {
  const [sorted, setSorted] = useState<{ readonly column: number; readonly down: boolean }>({
    column: 0,
    down: false,
  });
  const [shown, setShown] = useState(SHOWN);
  const trace = current(state.value);
  if (trace === null) return null;
  const measures = MEASURES.filter(({ write }) => trace.steps.some((step) => write(step) !== null));
  const columns: readonly Column[] = [...COLUMNS, ...measures];
  const column = columns[sorted.column];
  const steps = [...trace.steps].sort(
    (a, b) =>
      (sorted.down ? -1 : 1) * (column === undefined ? 0 : compare(column.of(a), column.of(b))) ||
      a.id - b.id,
  );
  return (
    <div class="steps" tabIndex={0} role="region" aria-label="Steps">
      <table>
        <thead>
          <tr>
            {columns.map(({ title, numeric }, index) => (
              <th
                key={title}
                scope="col"
                class={numeric ? "num" : undefined}
                aria-sort={index !== sorted.column ? "none" : sorted.down ? "descending" : "ascending"}
              >
                <button
                  type="button"
                  onClick={() => {
                    setSorted({
                      column: index,
                      down: index === sorted.column ? !sorted.down : numeric === true && index > 0,
                    });
                  }}
                >
                  {title}{" "}
                  <span aria-hidden="true">{index !== sorted.column ? "" : sorted.down ? "↓" : "↑"}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {steps.slice(0, shown).map((step) => (
            <tr
              key={step.id}
              data-step={step.id}
              data-stage={step.stage}
              data-state={stateOf(step)}
              class={step.id === state.value.step ? "picked" : undefined}
              onClick={() => {
                actions.step(step.id);
              }}
            >
              <td class="num k">{step.id}</td>
              <td class="k">{step.stage}</td>
              <td class="what">
                <button type="button" class="link" title={step.name}>
                  <code>
                    <bdi>{step.name}</bdi>
                  </code>
                  <Repeated step={step} />
                </button>
              </td>
              <td class="k">{step.scope}</td>
              <td class="num">{time(step.begin)}</td>
              <td class="num">{step.end === null ? "runs" : time(step.end - step.begin)}</td>
              <td>
                <span class={`outcome ${step.outcome ?? "running"}`}>
                  {step.error === null ? (step.outcome ?? "running").replace("_", " ") : step.error.type}
                </span>
              </td>
              {measures.map(({ title, write }) => (
                <td key={title} class="num">
                  {write(step)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {steps.length > shown ? (
        <p class="more">
          <button
            type="button"
            onClick={() => {
              setShown(shown + SHOWN);
            }}
          >
            Show more
          </button>{" "}
          {steps.length - shown} more steps
        </p>
      ) : null}
      <Dropped trace={trace} />
    </div>
  );
}

function compare(a: Key, b: Key): number {
  return typeof a === "number" && typeof b === "number"
    ? a === b
      ? 0
      : a - b
    : String(a).localeCompare(String(b));
}
