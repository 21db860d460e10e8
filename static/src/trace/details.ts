/** Typed access to a step's details. */

import { FUNCTION_STAGES, type Json, type Source, type Stage, type Step } from "../api/types";

const FUNCTIONS: ReadonlySet<Stage> = new Set(FUNCTION_STAGES);

export function isOf(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The user function in which a step ran; else any step in which it ran. */
export function ranIn(step: Step, steps: readonly Step[]): Step | null {
  let at = step.parent === null ? undefined : steps[step.parent];
  const nearest = at ?? null;
  while (at !== undefined) {
    if (FUNCTIONS.has(at.stage)) return at;
    at = at.parent === null ? undefined : steps[at.parent];
  }
  return nearest;
}

/** The source location in a detail. */
export function placeOf(value: Json | undefined): Source | null {
  return isOf(value) && typeof value["file"] === "string" && typeof value["line"] === "number"
    ? { file: value["file"], line: value["line"] }
    : null;
}

/** An exception in one line; many have no message. */
export function inOneLine({ type, message }: { readonly type: Json; readonly message: Json }): string {
  return message === "" ? String(type) : `${String(type)}: ${String(message)}`;
}

export function took(step: Step): number {
  return step.end === null ? 0 : step.end - step.begin;
}

/** Whether a step is a block or macros: parts of a template, which are not counted. */
export function isPart(step: Step): boolean {
  return (
    step.stage === "template" && (step.detail["block"] !== undefined || step.detail["macros"] !== undefined)
  );
}
