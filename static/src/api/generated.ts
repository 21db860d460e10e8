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

/**
 * The process and thread of a request. `started_at` is when the process began, Unix time.
 *
 * Host, pid and `started_at` are the same for all requests of one run, and of no other. `app`
 * is the name of the Flask app: a process may have several.
 */
export interface Process {
  readonly pid: number;
  readonly host: string;
  readonly thread: string;
  readonly started_at?: number;
  readonly app?: string;
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
  /** In a file, the indexes of what is prepared for its views. */
  readonly prepared?: Readonly<Record<string, number>>;
}

/** A fact about a request; `mark` is the part of `text` that stands out. */
export interface Highlight {
  readonly kind: "answer" | "app" | "sql" | "slowest" | "unexplained" | "sent";
  readonly text: string;
  readonly mark: string;
  readonly step: number | null;
}

/** How a held request goes on. */
export const DID = [
  "go",
  "step",
  "end",
  "all",
  "answer",
  "skip",
  "raise",
  "time",
  "left",
  "stopped",
] as const;

/** What it can do in place of a function. */
export const INTERVENTIONS = ["answer", "skip", "raise"] as const;

/**
 * A span in which a breakpoint held the request, at a step; times are ns from its start.
 *
 * `end` and `did` are None while it is held. `did` is how it went on: one of :data:`DID`.
 */
export interface Hold {
  readonly step: number;
  readonly begin: number;
  readonly end: number | null;
  readonly did: string | null;
}

/**
 * The recorded request that sent this one, as its header says, and the step that did.
 *
 * `step` is None where that is not known: the step was in a thread of its own.
 */
export interface Caller {
  readonly trace: string;
  readonly step: number | null;
}

/**
 * One request, as it was when copied. `started_at` is Unix time; other times are in ns.
 *
 * `duration` lasts until the server has closed the body. `app_time` is the app's own part of
 * it: until the response was returned to the server, in a stream's generator, and in closing it.
 * `server_error_by` is who sent a 500 in place of the app's own response, as an exception left
 * the app: the server, or Werkzeug's debugger. `caller` and `traceparent` are what the headers
 * say of its sender; the latter has the ids of W3C's trace and span, joined by a hyphen.
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
  readonly server_error_by?: "debugger" | "server" | null;
  readonly holds?: readonly Hold[];
  readonly caller?: Caller | null;
  readonly traceparent?: string | null;
}

/** The colour of a flag. */
export type FlagKind = "error" | "sql" | "ink";

/** The parts of a strip. */
export type StripKind = "context" | "before" | "view" | "sql" | "template" | "error" | "after" | "body";

/** One request with its steps, in the order in which they began. */
export interface Trace extends TraceHeader {
  readonly steps: readonly Step[];
  /** Not in files of older versions. */
  readonly highlights?: readonly Highlight[];
  readonly strip?: readonly (readonly [StripKind, number, number])[];
  readonly counts?: { readonly [key: string]: number };
  readonly flags?: readonly (readonly [FlagKind, string, string])[];
  readonly changed?: { readonly [key: string]: readonly string[] };
}

/**
 * A function that the app registered, as it will appear in a step.
 *
 * `is_async`: only its step has the thread in which it ran.
 */
export interface Hook {
  readonly stage: Stage;
  readonly name: string;
  readonly callable: string | null;
  readonly source: Source | null;
  readonly scope: string | null;
  readonly package?: string | null;
  readonly is_async?: boolean;
}

/** An error handler; `for` is the code or the name of the exception class. */
export interface Handler {
  readonly stage: Stage;
  readonly name: string;
  readonly callable: string | null;
  readonly source: Source | null;
  readonly scope: string | null;
  readonly for: string;
  readonly package?: string | null;
  readonly is_async?: boolean;
}

/** Indexes of the app's hooks, in the order in which Flask calls them. */
export interface Plan {
  readonly url_value_preprocessor: readonly number[];
  readonly before_request: readonly number[];
  readonly context_processor: readonly number[];
  readonly after_request: readonly number[];
  readonly teardown_request: readonly number[];
  readonly teardown_appcontext: readonly number[];
}

/**
 * A URL rule, and the functions that a request for it calls.
 *
 * `blueprints` are outermost first; `title` is the first sentence of the view's docstring.
 */
export interface Rule {
  readonly rule: string;
  readonly endpoint: string;
  readonly methods: readonly string[];
  readonly subdomain: string | null;
  readonly host: string | null;
  readonly blueprints: readonly string[];
  readonly view: Hook | null;
  readonly plan: Plan;
  readonly title?: string | null;
}

/** A registered blueprint. */
export interface Blueprint {
  readonly name: string;
  readonly import_name: string;
  readonly url_prefix: string | null;
}

/** The process of the app. */
export interface AppProcess {
  readonly pid: number;
  readonly host: string;
}

/**
 * The response of `GET api/app`: the app's registries, configuration and environment.
 *
 * `separate_contexts` is false on Flask 3.2 and later, where the request and app contexts are
 * one. `middleware` is outermost first. `packages` are all that are installed. `called` are
 * the endpoints that were asked for since the app's start, `unmatched` is what a request
 * that matches no rule calls.
 */
export interface AppMap {
  readonly name: string;
  readonly import_name: string;
  readonly debug: boolean;
  readonly separate_contexts: boolean;
  readonly versions: { readonly [key: string]: string };
  readonly packages: { readonly [key: string]: string };
  readonly environment: { readonly [key: string]: Json };
  readonly process: AppProcess;
  readonly middleware: readonly Hook[];
  readonly blueprints: readonly Blueprint[];
  readonly extensions: readonly string[];
  readonly config: { readonly [key: string]: Json };
  readonly hooks: readonly Hook[];
  readonly rules: readonly Rule[];
  readonly called: readonly string[];
  readonly unmatched: Plan;
  readonly error_handlers: readonly Handler[];
}

/** When, by which program and where a recording was made. `at` is Unix time. */
export interface Made {
  readonly at: number;
  readonly by: string;
  readonly app: string | null;
  readonly host: string;
  readonly python: string | null;
  readonly flask: string | null;
}

/**
 * The code of a step's function, masked: each line is pairs of Pygments' class and a text.
 *
 * `line` is the number of the first line; `changed` means that the file was modified after the
 * app had loaded it.
 */
export interface Excerpt {
  readonly file: string;
  readonly line: number;
  readonly lines: readonly (readonly (readonly [string, string])[])[];
  readonly changed: boolean;
}

/** A statement, formatted and highlighted, and as SQL to run: `missing` is not in that. */
export interface PreparedStatement {
  readonly lines: readonly (readonly (readonly [string, string])[])[];
  readonly runnable: string;
  readonly missing: readonly string[];
}

/** The lines of an exception's frames, highlighted, and of the exceptions that belong to it. */
export interface PreparedFrames {
  readonly frames: readonly (readonly (readonly (readonly [string, string])[])[])[];
  readonly others: readonly PreparedFrames[];
}

/** Where Flask calls a step: the index of its function, and the calling line. */
export interface PreparedCaller {
  readonly function: number;
  readonly at: number;
}

/**
 * What is derived from the traces for their views; a step has the indexes of its own.
 *
 * `functions` are Flask's, if they were recorded with the version that is there when it is made.
 * `comparisons` are responses of `GET api/compare`, of each request with the last one like it,
 * and of other pairs where there are few requests.
 */
export interface Prepared {
  readonly statements: readonly PreparedStatement[];
  readonly frames: readonly PreparedFrames[];
  readonly callers: readonly PreparedCaller[];
  readonly functions: readonly Excerpt[];
  readonly comparisons: readonly { readonly [key: string]: Json }[];
}

/** Whole traces, with the map of their app and the code of their steps where these are known. */
export interface Recording {
  readonly made: Made;
  readonly app: AppMap | null;
  readonly sources: readonly Excerpt[];
  readonly traces: readonly Trace[];
  readonly format: "flask-lifecycle";
  readonly version: 1;
  /** Not in files of older versions. */
  readonly prepared?: Prepared;
}

/** The medians of a time of both requests, and whether they differ beyond the noise. */
export interface ComparedTime {
  readonly a_ns: number | null;
  readonly b_ns: number | null;
  readonly beyond: boolean;
}

/**
 * A step of either request, or of both; `a` and `b` are its ids in them.
 *
 * `a_ns` and `b_ns` are the medians of its times; `beyond` means that they differ by more
 * than the noise, as far as the number of runs shows. `inward` and `outward` are the same of
 * the time before the first step of the lifecycle inside it, and of that after the last one.
 * `outcomes` has how it ended in both requests, where that differs.
 */
export interface ComparedStep {
  readonly a: number | null;
  readonly b: number | null;
  readonly what: "same" | "added" | "gone" | "outcome" | "detail";
  readonly a_ns: number | null;
  readonly b_ns: number | null;
  readonly beyond: boolean;
  readonly inward: ComparedTime;
  readonly outward: ComparedTime;
  readonly outcomes: readonly [string, string] | null;
}

/** The statuses that the clients got. */
export interface Statuses {
  readonly a: number | null;
  readonly b: number | null;
}

/** The paths of the requests, with their queries. */
export interface Urls {
  readonly a: string;
  readonly b: string;
}

/** The ids of the traces that were taken together on each side. */
export interface Runs {
  readonly a: readonly string[];
  readonly b: readonly string[];
}

/** The bytes that the bodies of both responses have. */
export interface Sizes {
  readonly a: number | null;
  readonly b: number | null;
}

/**
 * The app's time in each run of one request, in ns, and their median absolute deviation.
 *
 * Of a single run, there is no deviation.
 */
export interface Spread {
  readonly times: readonly number[];
  readonly deviation: number | null;
}

/** The app's times of all runs, by side, in the order of `runs`. */
export interface Spreads {
  readonly a: Spread;
  readonly b: Spread;
}

/** A part of both requests' time: its number of steps, and the medians of its time. */
export interface ComparedPart {
  readonly name: string;
  readonly a: number;
  readonly b: number;
  readonly a_ns: number | null;
  readonly b_ns: number | null;
  readonly beyond: boolean;
}

/**
 * What the second request has and the first does not, and the reverse.
 *
 * `changed` has the values of both. `by` has the names of the functions that set them: those
 * of the second request, or of the first where the second does not have the value.
 */
export interface Changes {
  readonly added: { readonly [key: string]: Json };
  readonly changed: { readonly [key: string]: Json };
  readonly removed: readonly string[];
  readonly by: { readonly [key: string]: Json };
}

/**
 * The headers of both requests and of the app's own responses, by their names in lower case.
 *
 * `not_counted` are the names of those that differ in every request, such as `Date`.
 */
export interface HeaderChanges {
  readonly request: Changes;
  readonly response: Changes;
  readonly not_counted: readonly string[];
}

/**
 * The values that the requests left in `g` and in the session.
 *
 * None is the value of what they removed. `not_counted` are names such as `csrf_token`, whose
 * values differ in every request.
 */
export interface StateChanges {
  readonly g: Changes;
  readonly session: Changes;
  readonly not_counted: readonly string[];
}

/** How often each request sent an SQL statement, and how long all of these took, in ns. */
export interface ComparedStatement {
  readonly statement: string;
  readonly a: number;
  readonly b: number;
  readonly a_ns: number;
  readonly b_ns: number;
}

/**
 * What differs between two requests; `a` and `b` are the ids of their traces.
 *
 * `a_ns` and `b_ns` are the medians of the app's times, and `beyond` means that they differ
 * by more than the noise. `parts` has what of it is in SQL, templates and hooks. `sql` has
 * each statement of either request. As text, a comparison has a line for each difference.
 */
export interface Comparison {
  readonly a: string;
  readonly b: string;
  readonly runs: Runs;
  readonly steps: readonly ComparedStep[];
  readonly status: Statuses;
  readonly url: Urls;
  readonly a_ns: number | null;
  readonly b_ns: number | null;
  readonly beyond: boolean;
  readonly headers: HeaderChanges;
  readonly changes: StateChanges;
  readonly sql: readonly ComparedStatement[];
  readonly parts: readonly ComparedPart[];
  readonly spread: Spreads;
  readonly bytes: Sizes;
  /** The most important differences, in one line. */
  readonly verdict: string;
  /** How far the times can be trusted, in one sentence. */
  readonly basis: string;
}

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

/** The kind and the label of each flag, in their order. */
export const FLAGS = {
  held: ["ink", "held"],
  by_hand: ["ink", "by hand: {}"],
  repeats: ["sql", "N+1: {}×"],
  same: ["sql", "{}× same query"],
  failed: ["sql", "failed SQL: {}"],
  calls: ["ink", "failed calls: {}"],
  slow_sql: ["sql", "slow SQL: {}"],
  logged: ["ink", "log! {}"],
  slow: ["ink", "slow"],
  hung: ["ink", "hung"],
} as const;
