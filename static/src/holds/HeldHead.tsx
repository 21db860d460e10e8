/** The head of a request that is held, or was. */

import type { JSX } from "preact";

import type { Trace } from "../api/types";
import { actions } from "../state/actions";
import { elapsed } from "../state/request";
import { now, state } from "../state/store";
import { time } from "../trace/format";
import { brief, byHand, heldFor, holdAt, interventions, ofWhichHeld } from "../trace/holds";
import { heldCount, heldDetails, passed, threads } from "./store";
import { SOON, untilText, whereOf } from "./words";

/** What the dots beside the wires mean. */
export function Marks(): JSX.Element {
  return (
    <span class="keys of-breakpoints">
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        <circle cx="6" cy="6" r="5" class="dot-on" />
      </svg>{" "}
      breakpoint{" "}
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        <circle cx="6" cy="6" r="4.6" class="dot-off" />
      </svg>{" "}
      switched off
    </span>
  );
}

/** Where it is held, and for how long. */
export function HeldStatus({ trace }: { readonly trace: Trace }): JSX.Element | null {
  const hold = holdAt(trace);
  if (hold === null) return null;
  const lasts = elapsed(state.value, trace.id, now.value) - hold.begin;
  return (
    <strong class="status">
      held{" "}
      <small>
        <bdi>{whereOf(trace, hold)}</bdi>, {brief(Math.max(0, lasts))}
      </small>
    </strong>
  );
}

export function HeldFacts({ trace }: { readonly trace: Trace }): JSX.Element {
  const all = elapsed(state.value, trace.id, now.value);
  const held = heldFor(trace, all);
  const hold = holdAt(trace);
  const left = heldDetails(trace)?.left ?? null;
  const count = heldCount.value;
  return (
    <ul class="facts" aria-label="What matters">
      <ByHand trace={trace} />
      <li class="own">
        <b>{time(Math.max(0, all - held))}</b> of the app’s own time so far
      </li>
      <li>
        <b>{brief(held)}</b> held
        {hold === null ? null : <span class="at"> {whereOf(trace, hold)}</span>}
        {left === null ? null : <>, {left < SOON ? <b>{untilText(left)}</b> : untilText(left)}</>}
      </li>
      {passed.value === 0 ? null : (
        <li>
          <b>{passed.value}</b> went on without being held: too many requests were
        </li>
      )}
      <li>
        {threads.value === null || state.value.others.length > 0
          ? `${count === 1 ? "1 request is" : `${count} requests are`} held, all others go on`
          : `${count} of ${threads.value} threads ${count === 1 ? "is" : "are"} held, the others serve`}
      </li>
    </ul>
  );
}

/** How much of the time of a request that is over it was held, after that time. */
export function OfWhichHeld({ trace }: { readonly trace: Trace }): JSX.Element | null {
  const held = trace.state === "done" ? ofWhichHeld(heldFor(trace, trace.duration ?? 0)) : "";
  return held === "" ? null : (
    <>
      , <b>{held}</b>
    </>
  );
}

/** What was done to it by hand: wherever it is shown, it says so. */
export function ByHand({ trace }: { readonly trace: Trace }): JSX.Element {
  return (
    <>
      {interventions(trace).map((hold) => (
        <li key={hold.begin} class="flagged">
          <button
            type="button"
            class="flag held"
            title="This is not what the app’s code does"
            onClick={() => {
              actions.step(hold.step);
            }}
          >
            {trace.steps[hold.step]?.name ?? "a step"}: {byHand(hold)}
          </button>
        </li>
      ))}
    </>
  );
}
