/** The facts that a journey is built from: its unique steps, and the progress of the request. */

import type { AppMap, Hook, Plan, PlannedStage, Rule, Step, Trace, TraceSummary } from "../../api/types";
import { momentOf, stepsOf, type Moment, type Steps } from "../../trace/steps";

export interface Facts {
  readonly trace: Trace;
  readonly map: AppMap | null;
  readonly rule: Rule | null;
  readonly plan: Plan | null;
  readonly steps: Steps;
  readonly moment: Moment;
  /** The requests that were made inside it. */
  readonly inner: readonly TraceSummary[];
  /** The scopes that can have registered a hook of it: the app and its blueprints. */
  readonly scopes: readonly string[];
  readonly moving: boolean;
  /** Whether the request has ended. */
  readonly over: boolean;
  readonly known: Known;
  readonly passed: Passed;
}

/** The steps that occur once in each journey. */
interface Known {
  readonly wsgi: Step | null;
  readonly appPush: Step | null;
  readonly push: Step | null;
  readonly match: Step | null;
  /** The match that raised: its exception waits until dispatch. */
  readonly failedMatch: Step | null;
  readonly dispatch: Step | null;
  readonly view: Step | null;
  readonly handlers: readonly Step[];
  /** The second one, if there is one, begins the second way up. */
  readonly responses: readonly Step[];
  /** Whether the app's own code made a response that Flask adopted. */
  readonly answeredByApp: boolean;
  readonly start: Step | null;
  readonly body: Step | null;
  readonly pop: Step | null;
  readonly appPop: Step | null;
}

/** Whether the wire has passed a phase: functions of it that did not run are skipped. */
interface Passed {
  readonly before: boolean;
  readonly after: boolean;
  readonly teardown: boolean;
  /** Whether the request has been answered. */
  readonly answer: boolean;
}

/**
 * What follows a make_response of Flask's: after_this_request, after_request, session_save,
 * request_finished.
 */
const UPWARD = /^after_|_save$|_finished$/;

export function factsOf(
  trace: Trace,
  map: AppMap | null,
  elapsed: number,
  at: number,
  inner: readonly TraceSummary[],
): Facts {
  const steps = stepsOf(trace);
  const moment = momentOf(at, elapsed);
  const moving = trace.state !== "done" || (trace.duration !== null && at < trace.duration);
  // A step that is still on its way here was not skipped.
  const over = !moving && trace.steps[0]?.end != null;
  const rule = ruleOf(trace, map);
  const known = knownSteps(steps);
  return {
    trace,
    map,
    rule,
    plan: rule?.plan ?? map?.unmatched ?? null,
    steps,
    moment,
    inner,
    scopes: ["app", ...trace.blueprints],
    moving,
    over,
    known,
    passed: passedBy(known, moment, over),
  };
}

function ruleOf(trace: Trace, map: AppMap | null): Rule | null {
  return map?.rules.find((rule) => rule.endpoint === trace.endpoint && rule.rule === trace.url_rule) ?? null;
}

/** Whether the URL match asked for a redirect, which Flask raises and is no error. */
export function isRedirect(step: Step): boolean {
  return step.detail["redirect"] !== undefined;
}

function knownSteps(steps: Steps): Known {
  const match = steps.first("url_match");
  return {
    wsgi: steps.first("wsgi"),
    appPush: steps.first("app_context_push"),
    push: steps.first("request_context_push"),
    match,
    failedMatch: match !== null && (match.outcome === "raised" || isRedirect(match)) ? match : null,
    dispatch: steps.first("dispatch"),
    view: steps.first("view"),
    handlers: steps.of("error_handler"),
    ...responsesOf(steps),
    start: steps.of("start_response").at(-1) ?? null,
    body: steps.all.find((step) => step.stage === "body" && step.parent === null) ?? null,
    pop: steps.of("request_context_pop").at(-1) ?? null,
    appPop: steps.of("app_context_pop").at(-1) ?? null,
  };
}

/** A second make_response begins the second way up, unless Flask only takes over what the first one made. */
function responsesOf(steps: Steps): Pick<Known, "responses" | "answeredByApp"> {
  const responses: Step[] = [];
  let answeredByApp = false;
  const isUpward = ({ stage, name }: Step): boolean => UPWARD.test(stage === "signal" ? name : stage);
  for (const step of steps.of("make_response")) {
    const last = responses.at(-1);
    if (
      last !== undefined &&
      last.outcome !== "raised" &&
      !steps.all.slice(last.id, step.id).some(isUpward)
    ) {
      responses.pop();
      answeredByApp = true;
    }
    responses.push(step);
  }
  return { responses, answeredByApp };
}

function passedBy(known: Known, { begun }: Moment, over: boolean): Passed {
  const { dispatch, responses, start, handlers, pop, appPop, body } = known;
  const popped = begun(pop) || begun(appPop);
  return {
    before: [dispatch, responses[0], start, handlers[0]].some(begun) || popped || over,
    after: begun(start) || popped || over,
    teardown: begun(body) || over,
    answer: begun(responses[0]) || begun(start) || popped || over,
  };
}

/** The hooks that the registries promise for a stage, in the order of the calls. */
export function plannedHooks({ map, plan }: Facts, stage: PlannedStage): readonly Hook[] {
  return (plan?.[stage] ?? []).flatMap((index) => map?.hooks[index] ?? []);
}

/** Whether a step is on the second way up. */
export function isSecond({ known: { responses } }: Facts, step: Step): boolean {
  return responses[1] !== undefined && step.begin >= responses[1].begin;
}
