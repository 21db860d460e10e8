/** The two true-time strips: the view, and a body that is made while it is sent. */

import { repeated, repeatedOf, threadOf } from "../../trace/format";
import type { Json, Rule, Stage, Step, Trace, TraceSummary } from "../../api/types";
import { transactions, type Bracket } from "../../trace/transactions";
import { COLLECTED, ranIn, text, type Moment, type State, type Steps } from "../../trace/steps";

export interface Ribbon {
  readonly key: "view" | "body";
  readonly step: Step | null;
  readonly state: State;
  readonly name: string;
  readonly begin: number;
  readonly duration: number;
  /** Statements and templates. */
  readonly segments: readonly Step[];
  /** Transactions that were open while it ran. */
  readonly brackets: readonly Bracket[];
  /** What else ran inside it. */
  readonly beads: readonly Step[];
  /** What follows it on the wire without a chip. */
  readonly after: readonly Step[];
  /** Requests made inside it. */
  readonly inner: readonly TraceSummary[];
  /** Contexts that are there for a while: pushed inside it, or kept until its end. */
  readonly contexts: readonly {
    readonly begin: number;
    readonly end: number;
    readonly label: string;
    readonly seen: boolean;
  }[];
  readonly chunks: readonly { readonly at: number; readonly size: number }[];
  /** How many chunks more there were: only of the first ones it is known when. */
  readonly more: number;
  readonly error: string | null;
  readonly note: string;
  readonly thread: boolean;
}

const SEGMENTS: ReadonlySet<Stage> = new Set<Stage>(["sql", "template", "span"]);

const EMPTY = {
  begin: 0,
  duration: 0,
  segments: [],
  brackets: [],
  beads: [],
  after: [],
  inner: [],
  contexts: [],
  chunks: [],
  more: 0,
  error: null,
  thread: false,
};

interface Inside {
  readonly steps: Steps;
  readonly moment: Moment;
  readonly inner: readonly TraceSummary[];
}

interface View extends Inside {
  readonly trace: Trace;
  readonly rule: Rule | null;
  readonly step: Step | null;
  readonly dispatched: Step | null;
  readonly failed: Step | null;
  /** Whether the request has been answered. */
  readonly past: boolean;
}

export function viewRibbon({
  steps,
  moment,
  trace,
  rule,
  step,
  dispatched,
  failed,
  past,
  inner,
}: View): Ribbon {
  const label = rule?.view?.name ?? trace.endpoint ?? "view";
  if (step === null) {
    const skipped = { ...EMPTY, key: "view" as const, step };
    if (failed !== null && moment.begun(failed))
      return { ...skipped, state: "skipped", name: "", note: notRouted(failed.error?.type ?? "") };
    const automatic = trace.method === "OPTIONS" && dispatched?.outcome === "ok";
    return {
      ...skipped,
      state:
        past || (dispatched !== null && moment.begun(dispatched) && moment.ended(dispatched))
          ? "skipped"
          : "pending",
      name: label,
      note: automatic
        ? "no view: Flask answers OPTIONS by itself"
        : `${label} was not ${dispatched === null ? "reached" : "seen"}`,
    };
  }
  const args = step.detail["args"];
  const shown =
    args !== null && typeof args === "object" && !Array.isArray(args)
      ? Object.entries(args)
          .map(([key, value]) => `${key}=${text(value)}`)
          .join(", ")
      : "";
  const thread = threadOf(step)?.other === true;
  const made = inside("view", step, steps, moment, inner, trace);
  return {
    ...made,
    name: `${step.name}(${shown})`,
    thread,
    note: thread ? "async: it runs on another thread" : mostRepeated(made.beads),
  };
}

export function bodyRibbon({ steps, moment, step, inner }: Inside & { readonly step: Step }): Ribbon {
  const sent = Array.isArray(step.detail["sent"]) ? (step.detail["sent"] as readonly Json[]) : [];
  const chunks = sent.flatMap((pair) =>
    Array.isArray(pair) && typeof pair[0] === "number" && typeof pair[1] === "number"
      ? [{ at: pair[0], size: pair[1] }]
      : [],
  );
  const count = typeof step.detail["chunks"] === "number" ? step.detail["chunks"] : chunks.length;
  const made = inside("body", step, steps, moment, inner, null);
  const has = (stage: Stage): boolean => made.beads.some((bead) => bead.stage === stage);
  // The app's own are no part of the request, however many they are.
  const own = made.contexts.every(({ label }) => !label.includes("×"));
  const contexts = !own
    ? ""
    : has("app_context_push") || has("request_context_push")
      ? "contexts pushed again, torn down again"
      : has("app_context_pop")
        ? "contexts kept until here"
        : "";
  return {
    ...made,
    name: `generator, ${count} ${count === 1 ? "chunk" : "chunks"}`,
    chunks: chunks.filter((chunk) => moment.begun({ ...step, begin: chunk.at })),
    more: moment.ended(step) ? count - chunks.length : 0,
    note:
      step.detail["complete"] === false && moment.ended(step)
        ? "the client went away: the generator was closed"
        : mostRepeated(made.beads) || contexts,
  };
}

/** What ran most often of all that is not shown each time; contexts say it of themselves. */
function mostRepeated(beads: readonly Step[]): string {
  const times = (step: Step): number =>
    step.stage.includes("_context") ? 0 : (repeatedOf(step)?.times ?? 0);
  const most = beads.reduce<Step | null>(
    (best, step) => (times(step) > (best === null ? 0 : times(best)) ? step : best),
    null,
  );
  return most === null ? "" : `${most.stage} ${most.name} ${repeated(most)}`;
}

/** How often a context was pushed. */
function pushed(pushes: readonly Step[]): string {
  const last = pushes.find((step) => repeatedOf(step) !== null);
  if (last !== undefined) return ` ${repeated(last)}`;
  return pushes.length > 1 ? ` ×${pushes.length.toLocaleString("en")}` : "";
}

function inside(
  key: "view" | "body",
  step: Step,
  steps: Steps,
  moment: Moment,
  inner: readonly TraceSummary[],
  trace: Trace | null,
): Ribbon {
  const mine = steps.all.filter((each) => each !== step && steps.within(each, step));
  const duration = moment.lasted(step);
  return {
    ...EMPTY,
    key,
    step,
    state: moment.state(step),
    name: step.name,
    begin: step.begin,
    duration,
    segments: mine.filter((each) => SEGMENTS.has(each.stage)).sort((a, b) => a.begin - b.begin),
    brackets: transactions(steps.all).filter(
      (each) => each.begin < (step.end ?? Infinity) && each.end > step.begin,
    ),
    beads: mine.filter(
      (each) => !SEGMENTS.has(each.stage) && !COLLECTED.has(each.stage) && moment.begun(each),
    ),
    inner: trace === null ? [] : inner.filter((each) => ranIn(trace, each, step)),
    contexts: contextsOf(mine, step, moment),
    error: step.error === null || !moment.ended(step) ? null : `${step.error.type}: ${step.error.message}`,
    note: "",
  };
}

/** From each push to its pop; a pop without a push ends what was there before. */
function contextsOf(mine: readonly Step[], step: Step, moment: Moment): Ribbon["contexts"] {
  return (["app", "request"] as const).flatMap((which) => {
    const pushes = mine.filter((each) => each.stage === `${which}_context_push`);
    const [push] = pushes;
    const pop = mine.findLast((each) => each.stage === `${which}_context_pop`);
    if (push === undefined && pop === undefined) return [];
    const until =
      pop !== undefined && moment.begun(pop) ? (pop.end ?? pop.begin) : step.begin + moment.lasted(step);
    return [
      {
        begin: push?.begin ?? step.begin,
        end: until,
        seen: moment.begun(push ?? step),
        label: `${which === "app" ? "App" : "Request"} context${pushed(pushes)}`,
      },
    ];
  });
}

function notRouted(error: string): string {
  if (error === "MethodNotAllowed") return "no view: the rule does not take this method";
  if (error === "RequestRedirect") return "no view: the URL is redirected to its rule";
  return "no view: no rule matched this URL";
}
