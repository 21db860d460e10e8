/**
 * What Python owns: written by static/generate_types.py, not by hand.
 * After a change in Python, run `python static/generate_types.py`.
 */

/** The stages of a step, in order of the lifecycle. */
export const STAGES = [
  "wsgi",
  "middleware",
  "request_context",
  "app_context_push",
  "request_context_push",
  "session_open",
  "url_match",
  "signal",
  "url_value_preprocessor",
  "before_request",
  "dispatch",
  "view",
  "template",
  "context_processor",
  "url_defaults",
  "error_handler",
  "make_response",
  "after_this_request",
  "after_request",
  "session_save",
  "start_response",
  "teardown_request",
  "teardown_appcontext",
  "request_context_pop",
  "app_context_pop",
  "body",
  "body_close",
  "sql",
  "span",
  "log",
  "flash",
  "warning",
] as const;

export type Stage = (typeof STAGES)[number];

/** Each step of these is a function of the user's. */
export const FUNCTION_STAGES = [
  "url_value_preprocessor",
  "before_request",
  "view",
  "context_processor",
  "url_defaults",
  "error_handler",
  "after_this_request",
  "after_request",
  "teardown_request",
  "teardown_appcontext",
] as const;

export type Outcome = "ok" | "short_circuit" | "raised";

/** A captured, masked and capped value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The source location of a callable: the file's path and the line of its `def`. */
export interface Source {
  readonly file: string;
  readonly line: number;
}

/** The type's name and the text of an exception, truncated; never the exception itself. */
export interface StepError {
  readonly type: string;
  readonly message: string;
}

/** The process and thread of a request. */
export interface Process {
  readonly pid: number;
  readonly host: string;
  readonly thread: string;
}

/** The exception that left the app or was answered with 500, and the step that raised it. */
export interface TraceError {
  readonly type: string;
  readonly message: string;
  readonly step: number | null;
}

/**
 * One recorded step. `begin` and `end` are ns from the trace's start.
 *
 * `package` is the import package that a function comes from, such as `flask_login`; None for
 * the app's own code and Flask's.
 */
export interface Step {
  readonly id: number;
  readonly parent: number | null;
  readonly stage: Stage;
  readonly name: string;
  readonly callable: string | null;
  readonly source: Source | null;
  readonly scope: string | null;
  readonly begin: number;
  readonly end: number | null;
  readonly outcome: "ok" | "short_circuit" | "raised" | null;
  readonly error: StepError | null;
  readonly detail: { readonly [key: string]: Json };
  readonly package?: string | null;
  /** What happened, and why; not in files of older versions. */
  readonly explain?: string;
  /** What begins, of a step that contains others; not in files of older versions. */
  readonly explain_begin?: string;
}

/** A fact about a request; `mark` is the part of `text` that stands out. */
export interface Highlight {
  readonly kind: "answer" | "app" | "sql" | "slowest" | "unexplained" | "sent";
  readonly text: string;
  readonly mark: string;
  readonly step: number | null;
}

/**
 * One request, as it was when copied. `started_at` is Unix time; other times are in ns.
 *
 * `duration` lasts until the server has closed the body. `app_time` is the app's own part of
 * it: until the response was returned to the server, in a stream's generator, and in closing it.
 */
export interface TraceHeader {
  readonly id: string;
  readonly state: "running" | "done";
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly url_rule: string | null;
  readonly endpoint: string | null;
  readonly blueprints: readonly string[];
  readonly status: number | null;
  readonly started_at: number;
  readonly duration: number | null;
  readonly process: Process;
  readonly error: TraceError | null;
  readonly parent: string | null;
  readonly dropped_steps: number;
  readonly app_time: number | null;
}

/** One request with its steps, in the order in which they began. */
export interface Trace extends TraceHeader {
  readonly steps: readonly Step[];
  /** Not in files of older versions. */
  readonly highlights?: readonly Highlight[];
}

/** The stages whose steps a summary counts. */
export const COUNTED = ["sql", "template", "log", "flash", "span", "warning"] as const;

/** What a summary counts, in words. */
export const COUNTS = {
  sql: "statements",
  template: "templates",
  log: "log records",
  flash: "flashes",
  span: "spans",
  warning: "warnings",
  changes: "steps that changed something",
  slow: "slow statements",
  repeated: "groups of repeated statements",
} as const;

/** So many statements of one place are too many. */
export const REPEATED = 5;

/** A statement of so many ns is slow. */
export const SLOW = 100_000_000;

/** A request of more ns is slow. */
export const SLOW_REQUEST = 500_000_000;

/** The kind and the label of each flag, in their order. */
export const FLAGS = {
  repeats: ["sql", "N+1: {}×"],
  same: ["sql", "{}× same query"],
  failed: ["sql", "failed SQL: {}"],
  calls: ["ink", "failed calls: {}"],
  slow_sql: ["sql", "slow SQL: {}"],
  logged: ["ink", "log! {}"],
  slow: ["ink", "slow"],
  hung: ["ink", "hung"],
} as const;

/** What each flag means. */
export const REASONS = {
  repeats: "One line sent the same statement {} times.",
  same: "The same statement was sent {} times with the same parameters.",
  failed: "Statements that failed, even if the app handled it: {}.",
  calls: "Calls to other services that failed, even if the app handled it: {}.",
  slow_sql: "Statements or commits that took a tenth of a second or more: {}.",
  logged: "Log records of level WARNING or above: {}.",
  slow: "It took more than half a second.",
  hung: "It has been running for more than five seconds.",
} as const;
