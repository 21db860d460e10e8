/** Where a request was held, and for how long. */

import type { Hold, Step } from "../../api/types";
import { time } from "../../trace/format";
import { brief, byHand, heldIn, holdAt, holdsOf, ofWhichHeld, whenOf } from "../../trace/holds";
import type { Facts } from "./facts";
import type { ChipHold } from "./types";

/** What is drawn of a step: of some, the way in and the way back apart. */
interface Drawn {
  readonly half?: boolean;
}

/** The holds at a step or in what ran inside it, by the moment that is shown. */
export function holdsIn({ trace, steps, moment }: Facts, step: Step): readonly Hold[] {
  const isIn = (inner: Step | null): boolean => inner === step || (inner !== null && isIn(steps.home(inner)));
  return holdsOf(trace).filter((hold) => {
    const at = trace.steps[hold.step];
    return at !== undefined && moment.begun({ ...at, begin: hold.begin }) && isIn(at);
  });
}

/** The hold at a step; null if there was none by the moment that is shown. */
export function holdOf(facts: Facts, step: Step, { half = false }: Drawn = {}): ChipHold | null {
  // The way back of a middleware is drawn apart.
  const isBack = (hold: Hold): boolean => hold.step === step.id && whenOf(hold, step) === "after";
  const isTwice = step.stage === "middleware";
  const holds = holdsIn(facts, step).filter((hold) => (isTwice ? isBack(hold) === half : !half));
  const last = holds.at(-1);
  if (last === undefined) return null;
  const now = nowOf(facts);
  const open = facts.moving ? holdAt(facts.trace, now) : null;
  return {
    when: whenOf(last, step),
    ns: heldIn(holds, 0, now, now),
    inside: heldIn(holds, step.begin, step.end ?? now, now),
    now: open !== null && open === last ? now - open.begin : null,
  };
}

/** How long the request was held between two moments, at whichever step, ns. */
export function heldBetween(facts: Facts, begin: number, end: number | null): number {
  const now = nowOf(facts);
  const begun = holdsOf(facts.trace).filter((hold) => hold.begin <= now);
  return heldIn(begun, begin, end ?? now, now);
}

/** The moment that is shown, ns. */
function nowOf({ moment, trace }: Facts): number {
  const [first] = trace.steps;
  return first === undefined ? 0 : moment.lasted({ ...first, begin: 0, end: null });
}

/** What is said beside the step. */
export function noteOf(facts: Facts, step: Step, { when, now, ns, inside }: ChipHold): string {
  const { trace } = facts;
  const open = now === null ? null : holdAt(trace, nowOf(facts));
  const inner = open === null ? undefined : trace.steps[open.step];
  if (open !== null && inner !== undefined && inner !== step)
    return `held in it, ${whenOf(open, inner)} ${inner.name}`;
  if (now !== null)
    return when === "before"
      ? "held here, before it runs"
      : `held here, after it ran, ${time(Math.max(0, (step.end ?? step.begin) - step.begin - inside))}`;
  const after = ns > inside ? [`held ${brief(ns - inside)} after it`] : [];
  return [ofWhichHeld(inside), ...after, handNote(facts, step)].filter(Boolean).join(", ");
}

/** What was done to a step by hand. */
export function handNote({ trace }: Facts, step: Step): string {
  return holdsOf(trace)
    .filter((hold) => hold.step === step.id)
    .map(byHand)
    .filter(Boolean)
    .join(", ");
}
