/** Comparisons as the server sends them, for tests: what is the same has the same stage, name and scope. */

import type { ComparedStep, ComparedTime, Comparison, Step, Trace } from "../api/types";
import { heldFor, heldInStep, holdsOf } from "../trace/holds";
import { isStatement } from "../trace/transactions";

const NONE = { added: {}, changed: {}, removed: [], by: {} };

export function comparisonOf(a: Trace, b: Trace, more: Partial<Comparison> = {}): Comparison {
  const [a_ns, b_ns] = [a, b].map((each) =>
    each.duration === null ? null : each.duration - heldFor(each, each.duration),
  ) as [number | null, number | null];
  const spread = (ns: number | null) => ({ times: ns === null ? [] : [ns, ns], deviation: 0 });
  return {
    a: a.id,
    b: b.id,
    runs: { a: [a.id, `${a.id}-2`], b: [b.id, `${b.id}-2`] },
    steps: [...stepsOf(a, b)],
    status: { a: a.status, b: b.status },
    url: { a: a.path, b: b.path },
    a_ns,
    b_ns,
    beyond: true,
    headers: { request: NONE, response: NONE, not_counted: [] },
    changes: { g: NONE, session: NONE, not_counted: [] },
    sql: statementsOf(a, b),
    parts: [],
    spread: { a: spread(a_ns), b: spread(b_ns) },
    bytes: { a: null, b: null },
    verdict: "",
    basis: "",
    ...more,
  };
}

function* stepsOf(a: Trace, b: Trace): Generator<ComparedStep> {
  const took = (trace: Trace, step: Step | undefined): number | null =>
    step?.end == null
      ? null
      : Math.max(0, step.end - step.begin - heldInStep(step, holdsOf(trace), trace.duration ?? 0));
  const compared = (one: Step | undefined, other: Step | undefined): ComparedStep =>
    comparedStep(one, other, took(a, one), took(b, other));
  const keyOf = ({ stage, name, scope }: Step): string =>
    [stage, stage === "sql" ? name : /_request$|teardown|view/.test(stage) ? name : "", scope].join();
  let next = 0;
  for (const step of a.steps) {
    const at = b.steps.findIndex((each, index) => index >= next && keyOf(each) === keyOf(step));
    if (at < 0) yield compared(step, undefined);
    else {
      for (const own of b.steps.slice(next, at)) yield compared(undefined, own);
      yield compared(step, b.steps[at]);
      next = at + 1;
    }
  }
  for (const own of b.steps.slice(next)) yield compared(undefined, own);
}

function comparedStep(
  a: Step | undefined,
  b: Step | undefined,
  a_ns: number | null,
  b_ns: number | null,
): ComparedStep {
  const beyond = a_ns !== null && b_ns !== null && Math.abs(a_ns - b_ns) > 100_000;
  const time: ComparedTime = { a_ns, b_ns, beyond };
  const ended = (step: Step): string => step.error?.type ?? step.outcome ?? "";
  const differs = a !== undefined && b !== undefined && ended(a) !== ended(b);
  return {
    a: a?.id ?? null,
    b: b?.id ?? null,
    what: a === undefined ? "added" : b === undefined ? "gone" : differs ? "outcome" : "same",
    ...time,
    inward: time,
    outward: time,
    outcomes: differs ? [ended(a), ended(b)] : null,
  };
}

function statementsOf(a: Trace, b: Trace): Comparison["sql"] {
  const count = (trace: Trace, name: string): number =>
    trace.steps.filter((step) => isStatement(step) && step.name === name).length;
  const names = new Set([...a.steps, ...b.steps].filter(isStatement).map(({ name }) => name));
  return [...names].map((statement) => ({
    statement,
    a: count(a, statement),
    b: count(b, statement),
    a_ns: 0,
    b_ns: 0,
  }));
}
