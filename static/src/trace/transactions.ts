/** Transactions and savepoints as brackets over the statements between their ends: pure. */

import type { Step } from "../api/types";

export interface Bracket {
  /** The step that opened it; null if the driver opened it implicitly with the first statement. */
  readonly from: Step | null;
  /** The step that ended it; null if none did. */
  readonly to: Step | null;
  readonly begin: number;
  /** Infinity where it is still open. */
  readonly end: number;
  /** 0 is the topmost; nested transactions, and those of other connections at the same time, are below. */
  readonly row: number;
}

const ENDS: ReadonlySet<string> = new Set(["commit", "rollback"]);
const ENDS_SAVEPOINT: ReadonlySet<string> = new Set(["release", "rollback_to"]);

/** The kind of an SQL step; older recordings have none, and all are statements. */
export function kindOf(step: Step): string {
  const { kind } = step.detail;
  return typeof kind === "string" ? kind : "statement";
}

export function isStatement(step: Step): boolean {
  return step.stage === "sql" && kindOf(step) === "statement";
}

/** The short label of a kind. */
export function word(step: Step): string {
  return kindOf(step).toUpperCase().replace("_", " ").replace("CONNECT", "connect");
}

type Open = Omit<Bracket, "to" | "end" | "row">;

/** All brackets of a trace, in order of their beginning. */
export function transactions(steps: readonly Step[]): readonly Bracket[] {
  const brackets: Omit<Bracket, "row">[] = [];
  const open = new Map<unknown, Open[]>();
  let first: Step | null = null;
  const close = (each: Open, to: Step | null): void => {
    brackets.push({ ...each, to, end: to === null ? Infinity : (to.end ?? Infinity) });
  };
  for (const step of steps) {
    if (step.stage !== "sql") continue;
    const kind = kindOf(step);
    const { connection = null } = step.detail;
    const stack = open.get(connection) ?? [];
    open.set(connection, stack);
    if (kind === "statement") first ??= step;
    if (step.outcome === "raised") continue;
    if (kind === "begin" || kind === "savepoint") stack.push({ from: step, begin: step.begin });
    else if (ENDS.has(kind)) {
      const begun = stack.splice(0);
      if (begun.length === 0 && first !== null && step.outcome !== null)
        begun.push({ from: null, begin: first.begin });
      for (const each of begun) close(each, step);
    } else if (ENDS_SAVEPOINT.has(kind)) {
      const last = stack.at(-1);
      if (last?.from != null && kindOf(last.from) === "savepoint")
        close(last, stack.splice(-1).length > 0 ? step : null);
    }
    if (ENDS.has(kind)) first = null;
  }
  for (const stack of open.values()) for (const each of stack) close(each, null);
  return rows(brackets);
}

/** Below all brackets that are still open when it begins. */
function rows(brackets: readonly Omit<Bracket, "row">[]): readonly Bracket[] {
  const placed: Bracket[] = [];
  for (const each of [...brackets].sort((a, b) => a.begin - b.begin || b.end - a.end)) {
    const occupied = new Set(placed.filter((other) => other.end > each.begin).map((other) => other.row));
    let row = 0;
    while (occupied.has(row)) row += 1;
    placed.push({ ...each, row });
  }
  return placed;
}
