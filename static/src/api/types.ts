/** The shapes of the panel's HTTP answers and live messages, as the Python side sends them. */

import type {
  FlagKind,
  Highlight,
  Json,
  Plan,
  Process,
  Source,
  Stage,
  Step,
  StepError,
  StripKind,
  TraceHeader,
} from "./generated";

export * from "./generated";

/** A stretch of the list's mini timeline: its kind, begin and end in nanoseconds. */
export type StripPart = readonly [kind: StripKind, begin: number, end: number];
/** The same with holds, as it is drawn. */
export type DrawnPart = readonly [kind: StripKind | "hold", begin: number, end: number];

export type Flag = readonly [kind: FlagKind, label: string, reason: string];

/** A request that the app sent, in a step: its trace, if its response named that. */
export interface Sent {
  readonly step: number;
  readonly trace: string | null;
  /** The ids that it sent in a W3C `traceparent`. */
  readonly traceparent: string | null;
}

/** A trace without its steps, as the list shows it. */
export interface TraceSummary extends TraceHeader {
  /** The request that made the browser send this one: a page or a redirect; null where that is uncertain. */
  readonly cause: string | null;
  /** Whether a page sent it by itself, always or only while it loads; null: a person may have. */
  readonly background: "always" | "loading" | null;
  readonly step_count: number;
  readonly strip: readonly StripPart[];
  /** The innermost step of a running request. */
  readonly now: { readonly stage: Stage; readonly name: string } | null;
  /** Nanoseconds from the trace's start to the moment this was sent. */
  readonly elapsed: number;
  /** Whether the app's clock is stopped while the server sends. */
  readonly sending: boolean;
  /**
   * Whether several threads write its steps: steps received while it ran have another position once it
   * has ended.
   */
  readonly merged: boolean;
  /** How many of each stage that collectors record; what there is none of is left out. */
  readonly counts: { readonly [name: string]: number };
  /** What makes it worth a look, the most severe first. */
  readonly flags: readonly Flag[];
  /** The names in `g` and in the session that some function changed; where there are any. */
  readonly changed: { readonly [where: string]: readonly string[] };
  /** The requests that the app sent in it; not in the histories of older versions. */
  readonly sent?: readonly Sent[];
  /** Why the page that was answered is without the toolbar; null where it has it, or is no page. */
  readonly toolbar: string | null;
  /** Whether its process ended while it ran. */
  readonly cut_off?: boolean;
}

/** The stages whose functions a rule's plan lists. */
export type PlannedStage = keyof Plan;

/**
 * `GET api/traces/<id>/steps/<n>/source`, and `…/caller`, of Flask's function that called it:
 * a line is pairs of Pygments' short class and a text.
 */
export interface SourceLines {
  readonly file: string;
  readonly line: number;
  /** The line of the call. */
  readonly at?: number;
  /** The file has changed since the app loaded it. */
  readonly changed: boolean;
  readonly lines: readonly (readonly (readonly [kind: string, text: string])[])[];
}

/** `GET api/bodies` */
export interface BodiesState {
  /** Whether the text of bodies is recorded. */
  readonly on: boolean;
}

/** `GET api/traces/<id>/steps/<n>/frames`: the lines of an exception's frames, and of its others. */
export interface FrameLines {
  readonly frames: readonly SourceLines["lines"][];
  readonly others: readonly FrameLines[];
}

/** `GET api/traces/<id>/steps/<n>/statement` */
export interface StatementLines extends Pick<SourceLines, "lines"> {
  /** With its parameters as literals, for the database's own shell. */
  readonly runnable: string;
  /** The parameters that it lacks, each with the reason. */
  readonly missing: readonly string[];
}

/** `GET api/app/match`: the match of a path. Rules are indexes into `AppMap.rules`. */
export interface Match {
  readonly outcome: "match" | "redirect" | "method_not_allowed" | "not_found";
  readonly rule: number | null;
  readonly arguments: Readonly<Record<string, string>>;
  /** The arguments that a converter of the app's own may still refuse. */
  readonly unsure: readonly string[];
  readonly redirect: string | null;
  readonly allowed: readonly string[];
  readonly near: readonly { readonly rule: number; readonly why: string }[];
}

/** A function of a profile, with what it called; times in nanoseconds. */
export interface ProfileNode {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly time: number;
  /** In the function itself. */
  readonly self: number;
  /** Whether it is the app's own code. */
  readonly own: boolean;
  readonly children: readonly ProfileNode[];
}

/** `GET api/traces/<id>/profile` */
export interface Profile {
  /** Whether there is a profiler. */
  readonly available: boolean;
  /** Whether the next request like this one will be profiled. */
  readonly waiting: boolean;
  /** As in the details of the outermost step. */
  readonly profile: Json;
}

/** `GET api/traces` */
export interface TracePage {
  readonly traces: readonly TraceSummary[];
  readonly next: string | null;
  readonly evicted: number;
  readonly too_large: number;
  readonly ignored: number;
  readonly history: HistoryState | null;
}

/** What sorts before these is gone; null: there is none. */
export interface Oldest {
  readonly oldest: string | null;
  readonly oldest_file: string | null;
}

/** Where finished requests outlive the process; null: nowhere, by the settings. */
export interface HistoryState {
  /** Why they do not, as one sentence. */
  readonly problem: string | null;
  /** The oldest request that it has, and the oldest of a static file; null: it cannot be read. */
  readonly kept: Oldest | null;
}

/** The server's one live message, the event `batch`; answered with `ack` and its `seq`. */
export interface Batch {
  readonly seq: number;
  /** Changes when the server process does; what the client has from the old one is of an earlier run. */
  readonly epoch: string;
  /** True on the first batch of a connection that could not resume: it replaces the whole state. */
  readonly reset: boolean;
  /** New and changed traces, oldest first. */
  readonly traces: readonly TraceSummary[];
  /** Steps of watched traces: new ones and those that ended; merge by `id`. */
  readonly steps: readonly {
    readonly trace: string;
    readonly steps: readonly Step[];
    /** As far as they are known; of a running trace, now and then. */
    readonly highlights?: readonly Highlight[];
  }[];
  /** Traces that were evicted or cleared since the last batch, unless the history has them. */
  readonly removed: readonly string[];
  /** Traces that began and were evicted before they could be sent, since the last batch. */
  readonly skipped: number;
  readonly evicted: number;
  /** Of those, the ones that went as all together were too large (LIFECYCLE_MAX_BYTES). */
  readonly too_large: number;
  /** Requests that were not to be recorded (LIFECYCLE_IGNORE). */
  readonly ignored: number;
  /** In the first batch of a connection: how many requests came while there was none. */
  readonly missed: number | null;
  /** How many the process keeps, and how many of them are finished ones of static files. */
  readonly kept: number;
  readonly files: number;
  /** The oldest of those, and of all others: each is evicted apart. */
  readonly oldest: string | null;
  readonly oldest_file: string | null;
  readonly history: HistoryState | null;
  /**
   * The process that sends, whether the server has others, and whether what these do is shown, too: by the
   * place that they share.
   */
  readonly process: {
    readonly pid: number;
    readonly started_at: number;
    readonly host?: string;
    readonly app?: string;
    readonly several: boolean;
    readonly shared?: boolean;
  };
  /** The other processes that share its history and live. */
  readonly others: readonly Pick<Process, "pid" | "started_at" | "host" | "app">[];
  /** Where the stream goes on; any process of the server takes it. */
  readonly position?: string | null;
  /** Which requests are held, and which breakpoints there are; empty if none can be held. */
  readonly holds: HoldsState | Record<string, never>;
}

/** What changes when a request is held or goes on, or a breakpoint is set. */
interface HoldsState {
  readonly held: readonly HeldAt[];
  /** Changes with the breakpoints. */
  readonly revision: number;
  /** How many requests passed a breakpoint, as too many were held. */
  readonly passed: number;
}

/** Where a request is held, since ns from its start. */
interface HeldAt {
  readonly trace: string;
  readonly step: number;
  readonly stage: Stage;
  readonly name: string;
  readonly when: When;
  readonly since: number;
}

/** Whether a request is held before a step runs, or after it has run. */
export type When = "before" | "after";

/** Without a name, it is for every step of the stage; without a stage, for every step. */
export interface Breakpoint {
  readonly stage: Stage | null;
  /** A function's name, `module:qualname`, or a glob of either. */
  readonly name: string | null;
  readonly when: When;
  /** The requests that it is for, in the words of the list's filter; null for all. */
  readonly filter: string | null;
  /** Whether it is removed once it has held a request. */
  readonly once: boolean;
  /** One that is switched off is kept. */
  readonly on: boolean;
}

/** What to do with a held request. */
export type HoldAction = "go" | "step" | "end" | "all" | "answer" | "skip" | "raise";

/** A request that is held now, of `GET api/held`. */
export interface Held {
  readonly trace: string;
  readonly step: number;
  readonly stage: Stage;
  readonly name: string;
  readonly when: When;
  /** In how many seconds it goes on by itself. */
  readonly left: number;
  /** What can be done here, and why nothing else can. */
  readonly can: readonly HoldAction[];
  readonly why: string | null;
  readonly seen: Seen;
}

type Named = { readonly [name: string]: Json } | null;

/** What there is while a request is held; null where it cannot be read, or is not there yet. */
export interface Seen {
  readonly g: Named;
  readonly session: Named;
  readonly request: Named;
  readonly arguments: Named;
  readonly response: Named;
  readonly error: StepError | null;
  /** Newest first; `own` is the app's own code. */
  readonly stack: readonly (Source & { readonly function: string; readonly own: boolean })[] | null;
  /** The functions that Flask will call, if nothing turns the request around. */
  readonly next: readonly Pick<Step, "stage" | "name" | "callable" | "scope">[];
}

/** `GET api/held` */
export interface HeldRequests {
  readonly held: readonly Held[];
  /** How many requests were not held at a breakpoint, as too many were already. */
  readonly passed: number;
  /** How many threads the server has for requests; null if it starts as many as it needs. */
  readonly threads: number | null;
}

/** `GET api/breakpoints`, and what `PUT` takes. */
export interface Breakpoints {
  /** Whether any of them holds requests. */
  readonly on: boolean;
  readonly breakpoints: readonly Breakpoint[];
  /** Changes with them. */
  readonly revision: number;
  /** Why this server cannot hold requests. */
  readonly cannot: string | null;
}
