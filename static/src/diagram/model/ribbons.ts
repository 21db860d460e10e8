/** The two true-time ribbons: the view, and a body that is generated while it is sent. */

import type { Json, Stage, Step, TraceSummary } from "../../api/types";
import { grouped, repeated, repeatedOf, threadOf } from "../../trace/format";
import { call, COLLECTED, ranIn, type Moment } from "../../trace/steps";
import { transactions } from "../../trace/transactions";
import { isRedirect, type Facts } from "./facts";
import { faultOf } from "./faults";
import { holdOf, holdsIn, noteOf } from "./held";
import type { Ribbon } from "./types";

const SEGMENTS: ReadonlySet<Stage> = new Set<Stage>(["sql", "template", "span"]);

const EMPTY = {
  callable: null,
  hold: null,
  holds: [],
  begin: 0,
  duration: 0,
  span: 0,
  fails: false,
  segments: [],
  brackets: [],
  beads: [],
  after: [],
  inner: [],
  contexts: [],
  chunks: [],
  more: 0,
  fault: null,
  failed: false,
  thread: false,
};

export function viewRibbon(facts: Facts): Ribbon {
  const step = facts.known.view;
  if (step === null) return noView(facts);
  const thread = threadOf(step)?.other === true;
  const ribbon = { ...inside("view", step, facts), inner: innerOf(facts, step) };
  return {
    ...ribbon,
    name: call(step.name, step.detail["args"]),
    thread,
    note: ribbon.note || (thread ? "async: it runs on another thread" : mostRepeated(ribbon.beads)),
  };
}

/** An error handler in which something ran that has a lane. */
export function handlerRibbon(facts: Facts, step: Step, kind: string): Ribbon | null {
  const ribbon = { ...inside(`handler:${step.id}`, step, facts), kind, inner: innerOf(facts, step) };
  return ribbon.segments.length + ribbon.inner.length > 0 ? ribbon : null;
}

/** Why no view ran. */
function noView({ rule, trace, moment, known, passed }: Facts): Ribbon {
  const { dispatch, failedMatch, match } = known;
  const label = rule?.view?.name ?? trace.endpoint ?? "view";
  const callable = rule?.view?.callable ?? null;
  const ribbon = {
    ...EMPTY,
    key: "view" as const,
    callable,
    stage: "view" as const,
    kind: "view",
    step: null,
  };
  if (moment.begun(failedMatch))
    return { ...ribbon, state: "skipped", name: "", note: notRouted(failedMatch) };
  const skipped = passed.answer || (moment.begun(dispatch) && moment.ended(dispatch));
  const automatic = trace.method === "OPTIONS" && dispatch?.outcome === "ok";
  return {
    ...ribbon,
    state: skipped ? "skipped" : "pending",
    name: moment.begun(match) && moment.ended(match) ? call(label, match.detail["view_args"]) : label,
    note: automatic
      ? "no view: Flask answers OPTIONS by itself"
      : `${label} was not ${dispatch === null ? "reached" : "seen"}`,
  };
}

function innerOf({ trace, inner }: Facts, step: Step): readonly TraceSummary[] {
  return inner.filter((each) => ranIn(trace, each, step));
}

export function bodyRibbon(facts: Facts, step: Step): Ribbon {
  const { moment } = facts;
  const timed = chunksOf(step);
  const chunks = sentBy(step, moment);
  const all = typeof step.detail["chunks"] === "number" ? step.detail["chunks"] : timed.length;
  // Later chunks than those with a time are known once all of them are, or while they are sent.
  const isNow = moment.ended(step) || (step.end === null && facts.trace.state === "running");
  const count = isNow ? all : chunks.length;
  const ribbon = inside("body", step, facts);
  const aborted = step.detail["complete"] === false && moment.ended(step);
  return {
    ...ribbon,
    name: moment.begun(step) ? `generator, ${count} ${count === 1 ? "chunk" : "chunks"}` : "generator",
    chunks,
    more: isNow ? count - chunks.length : 0,
    note: aborted
      ? "the client went away: the generator was closed"
      : ribbon.note || mostRepeated(ribbon.beads) || contextNote(ribbon),
  };
}

/** The chunks that were sent by a moment, as far as they have a time. */
export function sentBy(step: Step, moment: Moment): Ribbon["chunks"] {
  return chunksOf(step).filter(({ at }) => moment.begun({ ...step, begin: at }));
}

function chunksOf(step: Step): Ribbon["chunks"] {
  const sent = Array.isArray(step.detail["sent"]) ? (step.detail["sent"] as readonly Json[]) : [];
  return sent.flatMap((pair) =>
    Array.isArray(pair) && typeof pair[0] === "number" && typeof pair[1] === "number"
      ? [{ at: pair[0], size: pair[1] }]
      : [],
  );
}

/** The state of the request's contexts while its body was sent. */
function contextNote({ contexts, beads }: Ribbon): string {
  const has = (stage: Stage): boolean => beads.some((bead) => bead.stage === stage);
  // Contexts pushed by the app's own code are not part of the request.
  if (contexts.some(({ label }) => label.includes("×"))) return "";
  if (has("app_context_push") || has("request_context_push")) return "contexts pushed again, torn down again";
  return has("app_context_pop") ? "contexts kept until here" : "";
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
  return pushes.length > 1 ? ` ×${grouped(pushes.length)}` : "";
}

function inside(key: Ribbon["key"], step: Step, facts: Facts): Ribbon {
  const { steps, moment } = facts;
  const hold = moment.begun(step) ? holdOf(facts, step) : null;
  const mine = steps.all.filter((each) => each !== step && steps.within(each, step));
  const isBead = ({ stage }: Step): boolean => !SEGMENTS.has(stage) && !COLLECTED.has(stage);
  return {
    ...EMPTY,
    key,
    callable: step.callable,
    hold,
    holds: holdsIn(facts, step),
    stage: step.stage,
    kind: step.stage,
    step,
    state: moment.state(step),
    name: step.name,
    begin: step.begin,
    duration: moment.lasted(step),
    span: step.end === null ? moment.lasted(step) : Math.max(0, step.end - step.begin),
    fails: step.error !== null && step.end !== null,
    segments: mine.filter((each) => SEGMENTS.has(each.stage)).sort((a, b) => a.begin - b.begin),
    brackets: transactions(steps.all).filter(
      (each) => each.begin < (step.end ?? Infinity) && each.end > step.begin,
    ),
    beads: mine.filter((each) => isBead(each) && moment.begun(each)),
    contexts: contextsOf(mine, step, moment),
    fault: faultOf(step),
    failed: step.error !== null && moment.ended(step),
    note: hold === null ? "" : noteOf(facts, step, hold),
  };
}

/** From each push to its pop; a pop without a push ends a context that was there before. */
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

function notRouted(match: Step): string {
  if (match.error?.type === "MethodNotAllowed") return "no view: the rule does not allow this method";
  if (isRedirect(match)) return "no view: the URL is redirected to its rule";
  return "no view: no rule matched this URL";
}
