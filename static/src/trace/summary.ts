/** The summary of a trace from a file, as the server's summaries have it. */

import { clockOf } from "./clock";
import { isStatement, kindOf } from "./transactions";
import {
  COUNTED,
  type Stage,
  type StripKind,
  type StripPart,
  type Trace,
  type TraceSummary,
} from "../api/types";
import { changesOf } from "./changes";
import { flags } from "./flags";
import { groups, isSlow } from "./statements";
import { isPart } from "./details";

const KINDS: Partial<Record<Stage, StripKind>> = {
  app_context_push: "context",
  request_context_push: "context",
  session_open: "context",
  url_match: "context",
  teardown_request: "context",
  teardown_appcontext: "context",
  url_value_preprocessor: "before",
  before_request: "before",
  view: "view",
  sql: "sql",
  template: "template",
  error_handler: "error",
  make_response: "after",
  after_this_request: "after",
  after_request: "after",
  session_save: "after",
  body: "body",
  body_close: "after",
};
const PARTS = 60;
const NAMES_KEPT = 30;
const COUNTED_STAGES: ReadonlySet<Stage> = new Set(COUNTED);
const ENDS: Readonly<Record<string, string>> = { commit: "commits", rollback: "rollbacks" };
const BAD: ReadonlySet<unknown> = new Set(["ERROR", "CRITICAL"]);

/** A request as finished, even if it was running when it was saved. */
export function summarize(trace: Trace): TraceSummary {
  const { steps, highlights, ...header } = trace;
  const duration = header.duration ?? steps.reduce((most, step) => Math.max(most, step.end ?? step.begin), 0);
  const counted = counts(trace);
  return {
    ...header,
    state: "done",
    duration,
    elapsed: duration,
    sending: false,
    merged: false,
    step_count: steps.length,
    now: null,
    cause: null,
    background: null,
    toolbar: null,
    strip: strip(trace, duration),
    counts: counted,
    flags: flags(trace, counted),
    changed: changed(trace),
  };
}

function strip(trace: Trace, elapsed: number): readonly StripPart[] {
  const clock = clockOf(trace, elapsed);
  const least = Math.floor(clock.total / 400);
  const parts: [StripKind, number, number][] = [];
  for (const step of trace.steps) {
    const kind = KINDS[step.stage];
    if (kind === undefined) continue;
    const [begin, until] = clock.place(step.begin, step.end ?? elapsed);
    const last = parts.at(-1);
    if (last?.[0] === kind && begin - last[2] <= least) last[2] = Math.max(last[2], until);
    else if (until - begin >= least) parts.push([kind, begin, until]);
  }
  if (parts.length <= PARTS) return parts;
  const longest = new Set([...parts].sort((a, b) => b[2] - b[1] - (a[2] - a[1])).slice(0, PARTS));
  return parts.filter((part) => longest.has(part));
}

function counts(trace: Trace): Record<string, number> {
  const totals = new Map<string, number>();
  const add = (name: string, more = 1): void => {
    if (more > 0) totals.set(name, (totals.get(name) ?? 0) + more);
  };
  for (const step of trace.steps) {
    if (step.stage === "sql" && !isStatement(step))
      add(ENDS[kindOf(step)] ?? "", ENDS[kindOf(step)] === undefined ? 0 : 1);
    else if (COUNTED_STAGES.has(step.stage) && !isPart(step)) add(step.stage);
    if (step.detail["changes"] !== undefined) add("changes");
    if (step.stage === "log" && BAD.has(step.detail["level"])) add("errors");
    if (isSlow(step)) add("slow");
  }
  add("repeated", groups(trace).filter((group) => group.repeated).length);
  return Object.fromEntries(totals);
}

function changed(trace: Trace): Record<string, readonly string[]> {
  const found: Record<string, string[]> = {};
  for (const { where, name } of trace.steps.flatMap(changesOf)) {
    if (where !== "g" && where !== "session") continue;
    const names = (found[where] ??= []);
    if (!names.includes(name) && names.length < NAMES_KEPT) names.push(name);
  }
  return found;
}
