/** What the views of collected things have in common: pure, no DOM. */

import { isStatement } from "./transactions";
import {
  FUNCTION_STAGES,
  REPEATED,
  SLOW,
  type Json,
  type Source,
  type Stage,
  type Step,
  type Trace,
} from "../api/types";

const FUNCTIONS: ReadonlySet<Stage> = new Set(FUNCTION_STAGES);

export function isOf(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The function of the user's that a step ran in; else what it ran in at all. */
export function ranIn(step: Step, steps: readonly Step[]): Step | null {
  let at = step.parent === null ? undefined : steps[step.parent];
  const nearest = at ?? null;
  while (at !== undefined) {
    if (FUNCTIONS.has(at.stage)) return at;
    at = at.parent === null ? undefined : steps[at.parent];
  }
  return nearest;
}

/** A file and a line in a detail. */
export function placeOf(value: Json | undefined): Source | null {
  return isOf(value) && typeof value["file"] === "string" && typeof value["line"] === "number"
    ? { file: value["file"], line: value["line"] }
    : null;
}

/** An exception in one line; many have no text. */
export function inOneLine({ type, message }: { readonly type: Json; readonly message: Json }): string {
  return message === "" ? String(type) : `${String(type)}: ${String(message)}`;
}

export function took(step: Step): number {
  return step.end === null ? 0 : step.end - step.begin;
}

/** Whether it is a block or macros: parts of a template, which are not counted. */
export function isPart(step: Step): boolean {
  return (
    step.stage === "template" && (step.detail["block"] !== undefined || step.detail["macros"] !== undefined)
  );
}

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

/** One thing that a function changed. */
export interface Change {
  readonly where: "g" | "session" | "status" | "header" | "cookie";
  readonly kind: "added" | "changed" | "removed";
  readonly name: string;
  /** Absent where it is gone. */
  readonly value?: Json;
}

/** What a step changed, in the order of g, session, response. */
export function changesOf(step: Step): readonly Change[] {
  const changes = step.detail["changes"];
  if (!isOf(changes)) return [];
  const found: Change[] = [];
  const take = (where: Change["where"], part: Json | undefined): void => {
    if (!isOf(part)) return;
    for (const kind of ["added", "changed"] as const)
      for (const [name, value] of Object.entries(isOf(part[kind]) ? part[kind] : {}))
        found.push({ where, kind, name, value });
    for (const name of Array.isArray(part["removed"]) ? part["removed"] : [])
      found.push({ where, kind: "removed", name: String(name) });
  };
  take("g", changes["g"]);
  take("session", changes["session"]);
  const response = changes["response"];
  if (isOf(response)) {
    const { status, cookies } = response;
    if (Array.isArray(status))
      found.push({ where: "status", kind: "changed", name: String(status[0]), value: status[1] ?? null });
    take("header", response["headers"]);
    if (isOf(cookies)) {
      for (const [name, value] of Object.entries(isOf(cookies["set"]) ? cookies["set"] : {}))
        found.push({ where: "cookie", kind: "added", name, value });
      for (const name of Array.isArray(cookies["deleted"]) ? cookies["deleted"] : [])
        found.push({ where: "cookie", kind: "removed", name: String(name) });
    }
  }
  return found;
}
