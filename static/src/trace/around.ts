/** How a step relates to those around it: pure. */

import { ranIn, took } from "./details";
import type { Source, Step } from "../api/types";
import { isOf, placeOf } from "./details";
import type { Json } from "../api/types";

/** The time of a step that no step inside it explains, ns; those may run at the same time. */
export function ownTime(step: Step, steps: readonly Step[]): number {
  const last = step.end ?? step.begin;
  const inside = steps
    .filter((each) => each.parent === step.id)
    .map(({ begin, end }) => [begin, Math.min(end ?? last, last)] as const)
    .sort(([a], [b]) => a - b);
  let [covered, until] = [0, step.begin];
  for (const [begin, end] of inside) {
    covered += Math.max(0, end - Math.max(begin, until));
    until = Math.max(until, end);
  }
  return took(step) - covered;
}

/** The steps of SQL in a step, and in what it contains. */
export function sqlIn(step: Step, steps: readonly Step[]): readonly Step[] {
  if (step.stage === "sql") return [step];
  const inside = new Set([step.id]);
  const found: Step[] = [];
  for (const each of steps)
    if (each.parent !== null && inside.has(each.parent)) {
      inside.add(each.id);
      if (each.stage === "sql") found.push(each);
    }
  return found;
}

/** The step after one that has ended: what it contains is not after it. */
export function nextStep(step: Step, steps: readonly Step[]): Step | null {
  const { end } = step;
  if (end === null) return null;
  return steps.find((each) => each.id > step.id && each.begin >= end && each.stage !== "signal") ?? null;
}

/**
 * The line of a function at which it did what matters: where it raised, else where its longest statement
 * was sent; null if neither is known.
 */
export function runningLine(step: Step, steps: readonly Step[], { file, line, lines }: Block): number | null {
  const isIn = (place: Source | null): place is Source =>
    place !== null && place.file === file && place.line >= line && place.line < line + lines;
  const raised = isOf(step.detail["exception"]) ? framesOf(step.detail["exception"]["frames"]) : [];
  const at = raised.findLast(isIn);
  if (at !== undefined) return at.line;
  const sent = sqlIn(step, steps)
    .filter((each) => ranIn(each, steps)?.id === step.id || each.id === step.id)
    .sort((a, b) => took(b) - took(a))
    .map((each) => placeOf(each.detail["place"]));
  return sent.find(isIn)?.line ?? null;
}

/** Some lines of a file. */
interface Block {
  readonly file: string;
  readonly line: number;
  readonly lines: number;
}

function framesOf(frames: Json | undefined): readonly (Source | null)[] {
  return Array.isArray(frames) ? frames.map(placeOf) : [];
}
