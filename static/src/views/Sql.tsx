import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import messageStyles from "../styles/message.css?inline";
import collectedStyles from "../styles/collected.css?inline";
import outcomeStyles from "../styles/outcome.css?inline";
import { adopt } from "../components/adopt";
import { time } from "../trace/format";
import { isStatement, kindOf, transactions, type Bracket } from "../trace/transactions";
import { current } from "../state/request";
import { actions } from "../state/actions";
import { state } from "../state/store";
import type { Json, SourceLines, Step, Trace } from "../api/types";
import { groups, isSlow, type Group } from "../trace/statements";
import { inOneLine, placeOf, ranIn, took } from "../trace/details";
import { Dropped } from "../components/Message";
import { More, useShown } from "../components/More";
import { Open } from "../components/Source";

adopt(messageStyles, collectedStyles, outcomeStyles);

const SHOWN = 500;
/** What implied a commit or rollback that the app did not request, in short. */
const IMPLIED: Readonly<Record<string, string>> = {
  execute: "by the driver",
  executescript: "before the script",
  close: "on close",
  reset: "on return to the pool",
  error: "by the database",
};

/** The statements of a request, with their source locations, durations and repetitions. */
export default function Sql(): JSX.Element | null {
  const trace = current(state.value);
  const [open, setOpen] = useState<number | null>(null);
  const [shown, more] = useShown(SHOWN);
  if (trace === null) return null;
  const sent = trace.steps.filter((step) => step.stage === "sql");
  const brackets = transactions(trace.steps);
  const slowest = sent.reduce((most, step) => Math.max(most, took(step)), 1);
  return (
    <div class="message collected" tabIndex={0} role="region" aria-label="SQL">
      <Sum sent={sent} />
      <Dropped trace={trace} />
      {groups(trace).map((group, index) => (
        <Often key={index} group={group} trace={trace} />
      ))}
      <table class="sql-table">
        <thead>
          <tr>
            <th scope="col">statement</th>
            <th scope="col">in</th>
            <th scope="col" class="num">
              rows
            </th>
            <th scope="col" class="num">
              took
            </th>
          </tr>
        </thead>
        <tbody>
          {sent.slice(0, shown).map((step) => (
            <Row
              key={step.id}
              step={step}
              trace={trace}
              bracket={edge(step, brackets)}
              slowest={slowest}
              open={open === step.id}
              onOpen={() => {
                setOpen(open === step.id ? null : step.id);
              }}
            />
          ))}
        </tbody>
      </table>
      <More count={sent.length - shown} what="more" onMore={more} />
    </div>
  );
}

/** Their number and total time. */
function Sum({ sent }: { readonly sent: readonly Step[] }): JSX.Element {
  if (sent.length === 0)
    return <p class="none">This request sent no SQL statements through SQLAlchemy or sqlite3.</p>;
  const count = sent.filter(isStatement).length;
  const slow = sent.filter(isSlow).length;
  return (
    <p class="sum">
      <b>{count}</b> {count === 1 ? "statement" : "statements"}
      {counted(sent, "commit")}
      {counted(sent, "rollback")} in <b>{time(sent.reduce((sum, step) => sum + took(step), 0))}</b>
      {slow > 0 ? (
        <>
          , <b class="bad">{slow} slow</b>
        </>
      ) : null}
    </p>
  );
}

function counted(sent: readonly Step[], kind: "commit" | "rollback"): JSX.Element | null {
  const count = sent.filter((step) => kindOf(step) === kind).length;
  return count === 0 ? null : (
    <>
      , <b>{count}</b> {kind}
      {count === 1 ? "" : "s"}
    </>
  );
}

/** How the brackets beside a row look: where one begins, ends or goes on. */
function edge(step: Step, brackets: readonly Bracket[]): string {
  return brackets
    .flatMap(({ from, to, begin, end, row }) => {
      if (
        row > 2 ||
        step.begin < begin ||
        step.begin > end ||
        (from !== null && step.id < from.id) ||
        (to !== null && step.id > to.id)
      )
        return [];
      return [`in${row}`, ...(step === from ? [`first${row}`] : []), ...(step === to ? [`last${row}`] : [])];
    })
    .join(" ");
}

function Often({ group, trace }: { readonly group: Group; readonly trace: Trace }): JSX.Element | null {
  const first = group.steps[0];
  if (first === undefined) return null;
  // The same statement may have several source locations.
  const origins = new Map(
    group.steps.map((step) => {
      const place = placeOf(step.detail["place"]);
      const where = ranIn(step, trace.steps)?.name ?? null;
      return [JSON.stringify([place, where]), { place, where }];
    }),
  );
  return (
    <p class="often">
      <b>
        {group.repeated
          ? `N + 1: ${group.steps.length} times the same`
          : `${group.steps.length} times, with the same parameters`}
      </b>{" "}
      {[...origins].map(([key, { place, where }]) => (
        <span key={key}>
          {place === null ? null : (
            <>
              from <Open source={place} />{" "}
            </>
          )}
          {where === null ? null : (
            <>
              in <code>{where}</code>,{" "}
            </>
          )}
        </span>
      ))}
      {time(group.time)} in all
      <code class="what">{first.name}</code>
    </p>
  );
}

interface RowProps {
  readonly step: Step;
  readonly trace: Trace;
  readonly slowest: number;
  readonly open: boolean;
  readonly bracket: string;
  readonly onOpen: () => void;
}

function Row({ step, trace, slowest, open, bracket, onOpen }: RowProps): JSX.Element {
  const where = ranIn(step, trace.steps);
  const rows = step.detail["rows"];
  const statement = isStatement(step);
  const implied = step.detail["implied_by"];
  return (
    <>
      <tr data-step={step.id} class={isSlow(step) ? "slow" : undefined}>
        <td class={`what ${bracket}`}>
          {[0, 1, 2].map((row) =>
            bracket.includes(`in${row}`) ? <i key={row} class={`bracket r${row}`} /> : null,
          )}
          <button type="button" class="link" aria-expanded={open} onClick={onOpen}>
            <code class={statement ? undefined : "ends"}>
              <bdi>{step.name}</bdi>
            </code>
            {typeof implied === "string" ? <span class="k"> {IMPLIED[implied] ?? implied}</span> : null}
          </button>
          {step.error === null ? null : <span class="outcome raised">{inOneLine(step.error)}</span>}
        </td>
        <td>
          {where === null ? null : (
            <button
              type="button"
              class="link"
              onClick={() => {
                actions.step(where.id);
              }}
            >
              {where.name}
            </button>
          )}
        </td>
        <td class="num">{typeof rows === "number" ? rows : "–"}</td>
        <td class="num took">
          <i class="bar" style={{ width: `${((took(step) / slowest) * 100).toFixed(1)}%` }} />
          {step.end === null ? "runs" : took(step) === 0 && implied !== undefined ? "–" : time(took(step))}
        </td>
      </tr>
      {open ? (
        <tr class="opened">
          <td colSpan={4}>
            <Whole step={step} trace={trace.id} />
          </td>
        </tr>
      ) : null}
    </>
  );
}

function Whole({ step, trace }: { readonly step: Step; readonly trace: string }): JSX.Element {
  const [found, setFound] = useState<Pick<SourceLines, "lines"> | null>(null);
  useEffect(() => {
    let wanted = true;
    void actions
      .ask<SourceLines>(`api/traces/${encodeURIComponent(trace)}/steps/${step.id}/statement`)
      .then((lines) => {
        if (wanted) setFound(lines);
      });
    return () => {
      wanted = false;
    };
  }, [trace, step.id]);
  const place = placeOf(step.detail["place"]);
  const parameters = step.detail["parameters"];
  return (
    <>
      <pre class="source" tabIndex={0} aria-label="Statement">
        {found === null
          ? String(step.detail["statement"])
          : found.lines.map((line, index) => (
              <span key={index}>
                {line.map(([kind, text], part) => (
                  <span key={part} class={kind === "" ? undefined : `py-${kind.slice(0, 1)} py-${kind}`}>
                    {text}
                  </span>
                ))}
                {"\n"}
              </span>
            ))}
      </pre>
      {isEmpty(parameters) ? null : (
        <p class="given">
          <span class="k">parameters</span>{" "}
          <code>
            <bdi>{JSON.stringify(parameters)}</bdi>
          </code>
        </p>
      )}
      {place === null ? null : (
        <p class="given">
          <span class="k">sent from</span> <Open source={place} />
        </p>
      )}
      <p class="given">
        <button
          type="button"
          class="link"
          onClick={() => {
            actions.step(step.id);
          }}
        >
          Show the step
        </button>
      </p>
    </>
  );
}

function isEmpty(value: Json | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    (Array.isArray(value) ? value.length === 0 : typeof value === "object" && Object.keys(value).length === 0)
  );
}
