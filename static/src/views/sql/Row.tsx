/** A row of the table of statements. */

import type { JSX } from "preact";

import { Open } from "../../components/Source";
import { ToStep } from "../../components/ToStep";
import { inOneLine, placeOf, ranIn, took } from "../../trace/details";
import { time } from "../../trace/format";
import { isSlow, summaryOf } from "../../trace/statements";
import { unfinished } from "../../trace/steps";
import { isStatement } from "../../trace/transactions";
import type { Step, Trace } from "../../api/types";
import { Statement } from "./Statement";

/** What implied a commit or rollback that the app did not request, in short. */
const IMPLIED: Readonly<Record<string, string>> = {
  execute: "by the driver",
  executescript: "before the script",
  close: "on close",
  reset: "on return to the pool",
  error: "by the database",
};

interface RowProps {
  readonly step: Step;
  readonly trace: Trace;
  readonly slowest: number;
  readonly open: boolean;
  /** The classes of the brackets beside it. */
  readonly bracket: string;
  /** How often the same was sent. */
  readonly times: number;
  readonly onOpen: () => void;
}

export function Row({ step, trace, slowest, open, bracket, times, onOpen }: RowProps): JSX.Element {
  const rows = step.detail["rows"];
  return (
    <>
      <tr data-step={step.id} class={isSlow(step, trace) ? "slow" : undefined}>
        <td class={`what ${bracket}`}>
          {[0, 1, 2].map((row) =>
            bracket.includes(`in${row}`) ? <i key={row} class={`bracket r${row}`} /> : null,
          )}
          <What step={step} times={times} open={open} onOpen={onOpen} />
        </td>
        <td>
          <Where step={step} trace={trace} />
        </td>
        <td class="num">{typeof rows === "number" ? rows : "–"}</td>
        <td class="num took">
          <i class="bar" style={{ width: `${((took(step) / slowest) * 100).toFixed(1)}%` }} />
          {step.end === null
            ? unfinished(trace)
            : took(step) === 0 && step.detail["implied_by"] != null
              ? "–"
              : time(took(step))}
        </td>
      </tr>
      {open ? (
        <tr class="opened">
          <td colSpan={4}>
            <Statement step={step} trace={trace.id} />
          </td>
        </tr>
      ) : null}
    </>
  );
}

function What({
  step,
  times,
  open,
  onOpen,
}: Pick<RowProps, "step" | "times" | "open" | "onOpen">): JSX.Element {
  const implied = step.detail["implied_by"];
  return (
    <>
      <button type="button" class="link" aria-expanded={open} onClick={onOpen}>
        <code class={isStatement(step) ? undefined : "ends"}>
          <bdi>{summaryOf(step)}</bdi>
        </code>
        {typeof implied === "string" ? <span class="k"> {IMPLIED[implied] ?? implied}</span> : null}
        {times > 1 ? (
          <b class="times" title={`The same statement was sent ${times} times`}>
            {times}×
          </b>
        ) : null}
      </button>
      {step.error === null ? null : <span class="outcome raised">{inOneLine(step.error)}</span>}
    </>
  );
}

/** The line that sent it, and the function in which it ran. */
function Where({ step, trace }: Pick<RowProps, "step" | "trace">): JSX.Element {
  const place = placeOf(step.detail["place"]);
  const where = ranIn(step, trace.steps);
  return (
    <>
      {place === null ? null : <Open source={place} />}
      {where === null ? null : (
        <span class="in">
          in <ToStep step={where} />
        </span>
      )}
    </>
  );
}
