/** The statements of a request: which are slow, and which were sent too often. */

import { REPEATED, SLOW, type Step, type Trace } from "../api/types";
import { took } from "./details";
import { isStatement } from "./transactions";

export function isSlow(step: Step): boolean {
  return step.stage === "sql" && took(step) >= SLOW;
}

/** Statements that say the same. */
export interface Group {
  readonly steps: readonly Step[];
  readonly time: number;
  /** From the same place in the same step: a query for each of many things. */
  readonly repeated: boolean;
}

/** The statements that were sent more than once, those that cost most first. */
export function groups(trace: Trace): readonly Group[] {
  const same = new Map<string, Step[]>();
  for (const step of trace.steps)
    if (isStatement(step)) {
      const key = JSON.stringify([step.detail["statement"], step.detail["place"] ?? null, step.parent]);
      same.set(key, [...(same.get(key) ?? []), step]);
    }
  const found = [...same.values()]
    .filter((steps) => steps.length >= REPEATED)
    .map((steps) => ({ steps, time: steps.reduce((sum, step) => sum + took(step), 0), repeated: true }));
  const often = new Set(found.flatMap((group) => group.steps));
  // The same question with the same parameters has the same answer, wherever it is asked.
  const asked = new Map<string, Step[]>();
  for (const step of trace.steps)
    if (isStatement(step) && !often.has(step)) {
      const key = JSON.stringify([step.detail["statement"], step.detail["parameters"] ?? null]);
      asked.set(key, [...(asked.get(key) ?? []), step]);
    }
  const doubles = [...asked.values()]
    .filter((steps) => steps.length > 1)
    .map((steps) => ({ steps, time: steps.reduce((sum, step) => sum + took(step), 0), repeated: false }));
  return [...found, ...doubles].sort((a, b) => b.time - a.time);
}
