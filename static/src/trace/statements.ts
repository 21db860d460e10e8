/** The slow and repeated statements of a request. */

import { REPEATED, SLOW, type Step, type Trace } from "../api/types";
import { took } from "./details";
import { heldInStep, holdsOf, type Holding } from "./holds";
import { isStatement } from "./transactions";

/** A breakpoint's time is no statement's. */
export function isSlow(step: Step, trace: Holding): boolean {
  return step.stage === "sql" && took(step) - heldInStep(step, holdsOf(trace), step.begin) >= SLOW;
}

/** The statement in short; recordings of older versions only have its text. */
export function summaryOf(step: Step): string {
  const { summary } = step.detail;
  return typeof summary === "string" && summary !== "" ? summary : step.name;
}

/** Identical statements. */
export interface Group {
  readonly steps: readonly Step[];
  readonly time: number;
  /** From the same source location in the same step: N + 1. */
  readonly repeated: boolean;
}

/** The statements that were sent more than once, the most expensive first. */
export function groups(trace: Trace): readonly Group[] {
  const same = new Map<string, Step[]>();
  for (const step of trace.steps)
    if (isStatement(step)) {
      const key = JSON.stringify([step.detail["statement"], step.detail["place"] ?? null, step.parent]);
      same.set(key, [...(same.get(key) ?? []), step]);
    }
  const groups = [...same.values()]
    .filter((steps) => steps.length >= REPEATED)
    .map((steps) => ({ steps, time: steps.reduce((sum, step) => sum + took(step), 0), repeated: true }));
  const often = new Set(groups.flatMap((group) => group.steps));
  // A statement with the same parameters has the same result, wherever it is sent from.
  const byParameters = new Map<string, Step[]>();
  for (const step of trace.steps)
    if (isStatement(step) && !often.has(step)) {
      const key = JSON.stringify([step.detail["statement"], step.detail["parameters"] ?? null]);
      byParameters.set(key, [...(byParameters.get(key) ?? []), step]);
    }
  const doubles = [...byParameters.values()]
    .filter((steps) => steps.length > 1)
    .map((steps) => ({ steps, time: steps.reduce((sum, step) => sum + took(step), 0), repeated: false }));
  return [...groups, ...doubles].sort((a, b) => b.time - a.time);
}
