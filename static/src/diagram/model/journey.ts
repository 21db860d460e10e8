/** From a trace and the app map to the journey: which chips stand in which band, in which state. */

import { clockOf } from "../../trace/clock";
import { size, threadOf, time, websocketOf } from "../../trace/format";
import type {
  AppMap,
  Hook,
  Plan,
  PlannedStage,
  Rule,
  Stage,
  Step,
  Trace,
  TraceSummary,
} from "../../api/types";
import { clientStatus } from "../../trace/status";
import { viewRibbon, bodyRibbon, type Ribbon } from "./ribbons";
import { ellipsize } from "../../trace/text";
import { AROUND, COLLECTED, type Moment, momentOf, ranIn, Steps, text, type State } from "../../trace/steps";

/** What stands on the wire: a step, or one that the registries promise. */
export interface Chip {
  readonly key: string;
  readonly stage: Stage;
  readonly kind: string;
  readonly name: string;
  readonly state: State;
  /** Not shown yet: the registries do not promise it. */
  readonly hidden: boolean;
  readonly step: Step | null;
  /** What its dot stands for, where the chip says two steps in one. */
  readonly dot: Step | null;
  /** The same function's second call, after an after-hook had raised. */
  readonly again: Step | null;
  /** The way back of a step whose way in is a chip of its own. */
  readonly half: boolean;
  /** When the wire passes it, ns. */
  readonly when: number;
  /** Its place among those that it passes at the same time. */
  readonly order: number;
  /** Its own time, ns, without what is drawn as chips of their own; null where none can be said. */
  readonly own: number | null;
  /** What ran inside it: statements, templates, context processors. */
  readonly pills: readonly Step[];
  /** Requests made inside it. */
  readonly inner: readonly TraceSummary[];
  /** What follows it on the wire without a chip: signals, and what else there is. */
  readonly beads: readonly Step[];
  /** What it stands for, where quick hooks are folded into one. */
  readonly folded: readonly Chip[];
  /** Who registered it: 0 the app, from 1 the blueprints. */
  readonly hue: number;
  /** Said beside it. */
  readonly note: string;
}

export interface Band {
  readonly key: string;
  readonly label: string;
  readonly sub: string;
  /** 0: neutral; from 1: a blueprint's own hue. */
  readonly hue: number;
  readonly left: readonly Chip[];
  /** From top to bottom; the wire climbs, so the last runs first. */
  readonly right: readonly Chip[];
}

/** Where the wire passes, in the order of time; `again` on the second way up. */
export interface Stop {
  readonly key: string;
  readonly when: number;
  readonly order: number;
  readonly again: boolean;
  readonly failed: boolean;
}

export interface Journey {
  readonly trace: Trace;
  readonly bands: readonly Band[];
  readonly dispatch: Chip;
  readonly handlers: readonly Chip[];
  readonly response: Chip;
  readonly view: Ribbon;
  readonly body: Ribbon | null;
  /** The before-hook that answered in the view's place. */
  readonly short: Chip | null;
  /** The match that raised: its exception waits until dispatch. */
  readonly waiting: string | null;
  /** What left the app; the server gets it. */
  readonly propagated: string | null;
  /** What nobody handled, and Flask answered with 500. */
  readonly unhandled: string | null;
  /** Whether code of the app's made a response that Flask took over. */
  readonly answeredByApp: boolean;
  readonly stops: readonly Stop[];
  readonly stateOf: (step: Step) => State;
  readonly lasted: (step: Step) => number;
  /** How long nothing has begun or ended, ns; null where that is not long, or over. */
  readonly hung: number | null;
  readonly moving: boolean;
  readonly status: string;
  /** How long it was open and how it was closed, where the request became a websocket. */
  readonly websocket: string | null;
  /** The app's time, ns, so far. */
  readonly total: number;
  /** How long the server sent, or has sent so far, ns. */
  readonly sent: number;
  readonly bytes: number | null;
}

const LONG = 1e9;
/** What follows a make_response of Flask's: after_this_request, after_request, session_save, request_finished. */
const UPWARD = /^after_|_save$|_finished$/;
const TEARDOWN: ReadonlySet<Stage> = new Set<Stage>(["teardown_request", "teardown_appcontext"]);

/**
 * Tell a request's journey.
 *
 * @param elapsed ns since its start, for what still runs.
 * @param at the moment of a replay: what comes later is shown as still to come.
 * @param inner the requests that were made inside it.
 */
export function journey(
  trace: Trace,
  map: AppMap | null,
  elapsed: number,
  at = Infinity,
  inner: readonly TraceSummary[] = [],
): Journey {
  const steps = new Steps(trace);
  const clock = clockOf(trace, elapsed);
  const moment = momentOf(at, elapsed);
  const { begun, lasted, state }: Moment = moment;
  const rule = ruleOf(trace, map);
  const plan = rule?.plan ?? map?.unmatched ?? null;
  const moving = trace.state !== "done" || (trace.duration !== null && at < trace.duration);
  // A step that is still on its way here was not skipped.
  const over = !moving && trace.steps[0]?.end != null;
  const taken = new Set<number>();

  interface Asked {
    readonly promise?: string;
    /** Whether it would have run by now. */
    readonly past?: boolean;
    readonly minus?: readonly (Step | null)[];
    readonly half?: boolean;
    /** The step at whose end the wire passes; else, where its own begins. */
    readonly after?: Step | null;
    readonly planned?: boolean;
    readonly hue?: number;
    readonly note?: string;
  }
  const make = (
    key: string,
    stage: Stage,
    kind: string,
    name: string,
    step: Step | null,
    asked: Asked = {},
  ): Chip => {
    const reached = begun(step);
    if (step !== null && asked.half !== true) taken.add(step.id);
    return {
      key,
      stage,
      kind,
      step,
      dot: null,
      again: null,
      half: asked.half === true,
      folded: [],
      pills: [],
      beads: [],
      inner: [],
      name: reached || step === null ? name : (asked.promise ?? name),
      state: reached ? state(step) : step === null && asked.past === true ? "skipped" : "pending",
      hidden: !reached && asked.planned === false,
      when: (asked.after == null ? step?.begin : asked.after.end) ?? Infinity,
      order: asked.after == null ? (step?.id ?? Infinity) : steps.endOf(asked.after),
      own: reached
        ? Math.max(
            0,
            lasted(step) -
              (asked.minus ?? []).reduce((sum, other) => sum + (begun(other) ? lasted(other) : 0), 0),
          )
        : null,
      hue: asked.hue ?? 0,
      note:
        asked.note ?? (step !== null && reached && threadOf(step)?.other === true ? "on another thread" : ""),
    };
  };

  const scopes = ["app", ...trace.blueprints];
  const inBody = (step: Step): boolean => steps.home(step)?.stage === "body";
  // Hooks: what the registries promise, lit by the steps. In the order of the calls.
  const hooks = (stage: PlannedStage, kind: string, scope: string, past: boolean): Chip[] => {
    const mine = steps.of(stage).filter((step) => (step.scope ?? "app") === scope);
    const elsewhere = TEARDOWN.has(stage)
      ? steps.all.filter((step) => step.stage === stage && inBody(step))
      : [];
    const hue = scopes.indexOf(scope);
    const chips = planned(map, plan, stage)
      .filter((hook) => (hook.scope ?? "app") === scope)
      .flatMap((hook, index) => {
        const step = mine.find((each) => each.callable === hook.callable && !taken.has(each.id)) ?? null;
        if (step === null && elsewhere.some((each) => each.callable === hook.callable)) return [];
        const chip = make(`${stage}:${scope}:${index}`, stage, kind, hook.name, step, {
          past,
          hue,
          ...(hook.is_async === true && !begun(step) ? { note: "async" } : {}),
        });
        const again =
          step === null || stage !== "after_request"
            ? null
            : (mine.find((each) => each.callable === hook.callable && !taken.has(each.id)) ?? null);
        return again === null || !isSecond(again) ? [chip] : [secondly(chip, again)];
      });
    for (const step of mine)
      if (!taken.has(step.id))
        chips.push(make(`${stage}:step:${step.id}`, stage, kind, step.name, step, { planned: false, hue }));
    return chips.every((chip) => chip.step !== null) ? chips.sort((a, b) => a.when - b.when) : chips;
  };
  // A second make_response begins the second way up, unless nothing but Flask takes over what the first made.
  const responses: Step[] = [];
  let answeredByApp = false;
  for (const step of steps.of("make_response")) {
    const last = responses.at(-1);
    if (
      last !== undefined &&
      last.outcome !== "raised" &&
      !steps.all
        .slice(last.id, step.id)
        .some((each) => UPWARD.test(each.stage === "signal" ? each.name : each.stage))
    ) {
      responses.pop();
      answeredByApp = true;
    }
    responses.push(step);
  }
  const isSecond = (step: Step): boolean => responses[1] !== undefined && step.begin >= responses[1].begin;
  const secondly = (chip: Chip, again: Step): Chip => {
    taken.add(again.id);
    return { ...chip, again: begun(again) ? again : null };
  };

  const wsgi = steps.first("wsgi");
  const push = steps.first("request_context_push");
  const appPush = steps.first("app_context_push");
  const pop = steps.of("request_context_pop").at(-1) ?? null;
  const appPop = steps.of("app_context_pop").at(-1) ?? null;
  const match = steps.first("url_match");
  const dispatchStep = steps.first("dispatch");
  const viewStep = steps.of("view")[0] ?? null;
  const start = steps.of("start_response").at(-1) ?? null;
  const bodyStep = steps.all.find((step) => step.stage === "body" && step.parent === null) ?? null;
  const handlers = steps.of("error_handler");
  const failedMatch = match !== null && match.outcome === "raised" ? match : null;

  const popped = begun(pop) || begun(appPop);
  const beforePast = [dispatchStep, responses[0], start, handlers[0]].some(begun) || popped || over;
  const afterPast = begun(start) || popped || over;
  const teardownPast = begun(bodyStep) || over;

  const bands: Band[] = [];
  const band = (key: string, label: string, sub: string, hue: number, left: Chip[], right: Chip[]): void => {
    bands.push({ key, label, sub, hue, left, right });
  };

  const firstInside = steps.all.find((step) => step.parent === wsgi?.id) ?? null;
  const inward = begun(firstInside);
  const receive = make("receive", "wsgi", "receive", "environ", wsgi, { past: over });
  const bytes =
    begun(bodyStep) && typeof bodyStep.detail["bytes"] === "number" ? bodyStep.detail["bytes"] : null;
  const streamed = bodyStep?.detail["streamed"] === true;
  const send = make(
    "send",
    "body",
    streamed ? "iterate body" : "send body",
    bytes === null ? "bytes" : size(bytes),
    bodyStep,
    {
      past: over,
      half: streamed,
      note:
        trace.method === "HEAD" && bytes === 0
          ? "HEAD: the body is dropped"
          : !streamed && bodyStep?.detail["complete"] === false && trace.method !== "HEAD"
            ? "the client went away"
            : "",
    },
  );
  band(
    "server",
    "WSGI server",
    "",
    0,
    [
      {
        ...receive,
        state: inward && receive.state !== "pending" ? "done" : receive.state,
        own: wsgi === null ? null : inward ? Math.max(0, firstInside.begin - wsgi.begin) : receive.own,
      },
    ],
    [{ ...send, own: streamed ? null : send.own }],
  );

  const middleware = steps.of("middleware");
  const layers: readonly (Step | Hook)[] =
    middleware.length > 0 ? middleware : trace.state === "done" ? [] : (map?.middleware ?? []);
  const request = steps.first("request_context");
  const outermostPop = pop ?? appPop;
  layers.forEach((layer, index) => {
    const step = "id" in layer ? layer : null;
    const timed = step !== null && step.detail["untimed"] !== true && request !== null;
    const call = make(`call:${index}`, "middleware", "call", layer.name, step, { past: over });
    const back = make(`return:${index}`, "middleware", "return", layer.name, step, {
      past: over,
      half: true,
      after: step,
    });
    const returned = step !== null && moment.ended(step);
    band(
      `middleware:${index}`,
      "Middleware",
      "",
      0,
      [
        {
          ...call,
          own: timed && begun(request) ? Math.max(0, request.begin - step.begin) : null,
          state:
            call.state === "pending" || call.state === "skipped" || !begun(request) ? call.state : "done",
        },
      ],
      [
        {
          ...back,
          state: returned ? back.state : "pending",
          own:
            timed && returned && outermostPop?.end != null
              ? Math.max(0, (step.end ?? 0) - outermostPop.end)
              : null,
        },
      ],
    );
  });
  const context = (
    stage: "request_context_pop" | "app_context_pop",
    step: Step | null,
    name: string,
    functions: Chip[],
  ): Chip[] => {
    const only = functions.length === 1 ? functions[0] : undefined;
    const inside = step === null ? [] : steps.childrenOf(step);
    const chip = make(stage, stage, "pop", name, step, { past: over, after: step, minus: inside });
    if (only === undefined) return [chip, ...[...functions].reverse()];
    // One function: one chip says both, and its dot is the pop.
    const spent = chip.own === null ? only.own : chip.own + (only.own ?? 0);
    return [{ ...only, kind: "teardown, pop", dot: step, own: spent }];
  };
  const started = make(
    "start_response",
    "start_response",
    "start_response",
    start?.name ?? "status, headers",
    start,
    { promise: "status, headers", past: over },
  );
  const requestTeardowns = [...scopes]
    .reverse()
    .flatMap((scope) => hooks("teardown_request", "teardown", scope, teardownPast));
  const appTeardowns = hooks("teardown_appcontext", "teardown", "app", teardownPast);

  const separate = map?.separate_contexts ?? push !== null;
  if (separate) {
    band(
      "app",
      "App context",
      "current_app, g",
      0,
      [
        make(
          "app_push",
          "app_context_push",
          appPush === null && push !== null ? "reuse" : "push",
          "AppContext",
          appPush,
          { past: begun(push) || over },
        ),
      ],
      context("app_context_pop", appPop, "AppContext", appTeardowns),
    );
    const right = context("request_context_pop", pop, "RequestContext", requestTeardowns);
    band(
      "request",
      "Request context",
      "request, session",
      0,
      [
        make("request_push", "request_context_push", "push", "RequestContext", push, {
          past: over,
          after: appPush,
          minus: push === null ? [] : steps.childrenOf(push),
        }),
      ],
      [...right, started],
    );
  } else {
    band(
      "app",
      "App context",
      "current_app, g, request, session",
      0,
      [
        make("app_push", "app_context_push", "push", "AppContext", appPush, {
          past: over,
          minus: appPush === null ? [] : steps.childrenOf(appPush),
        }),
      ],
      [...context("app_context_pop", appPop, "AppContext", [...requestTeardowns, ...appTeardowns]), started],
    );
  }

  band(
    "session",
    "Session and routing",
    "",
    0,
    [
      make("session_open", "session_open", "open", "session", steps.first("session_open"), {
        past: begun(match) || beforePast,
      }),
      make(
        "url_match",
        "url_match",
        "match URL",
        match === null ? "path" : failedMatch === null ? match.name : failedRule(trace, failedMatch),
        match,
        { promise: "path", past: beforePast },
      ),
    ],
    [
      make("session_save", "session_save", "save", "session", steps.of("session_save").at(-1) ?? null, {
        past: afterPast,
      }),
    ],
  );

  scopes.forEach((scope, index) => {
    const left = [
      ...hooks("url_value_preprocessor", "url_value_preprocessor", scope, beforePast),
      ...hooks("before_request", "before_request", scope, beforePast),
    ];
    const calls: Chip[] = [];
    if (index === scopes.length - 1)
      for (const step of steps.of("after_this_request")) {
        const first = calls.findIndex(
          (chip) =>
            isSecond(step) &&
            chip.again === null &&
            chip.step?.callable === step.callable &&
            chip.stage === step.stage,
        );
        const chip = calls[first];
        if (chip === undefined)
          calls.push(
            make(`this:${step.id}`, "after_this_request", "after_this_request", step.name, step, {
              planned: false,
            }),
          );
        else calls[first] = secondly(chip, step);
      }
    calls.push(...hooks("after_request", "after_request", scope, afterPast));
    if (left.length + calls.length > 0 || index > 0)
      band(
        `hooks:${scope}`,
        scope === "app" ? "App hooks" : `Blueprint ${scope}`,
        "",
        index,
        left,
        calls.reverse(),
      );
  });

  const answered = begun(responses[0]) || begun(start) || popped || over;
  const raised = dispatchStep?.outcome === "raised" && viewStep === null;
  const dispatch = {
    ...make(
      "dispatch",
      "dispatch",
      "dispatch",
      raised ? `raises ${dispatchStep.error?.type ?? "an exception"}` : (trace.endpoint ?? "endpoint"),
      dispatchStep,
      { promise: trace.endpoint ?? "endpoint", past: answered, minus: [viewStep] },
    ),
    ...(viewStep !== null && begun(viewStep) ? { state: "done" as const } : {}),
  };
  const firstResponse = responses[0] ?? null;
  const made = make(
    "make_response",
    "make_response",
    "make_response",
    firstResponse === null ? "return value" : kindOf(firstResponse),
    firstResponse,
    { promise: "return value", past: afterPast },
  );
  const response = responses[1] === undefined ? made : secondly(made, responses[1]);
  const handlerChips = handlers.map((step) =>
    make(
      `handler:${step.id}`,
      "error_handler",
      `errorhandler(${ellipsize(text(step.detail["for"]), 28)})`,
      step.name,
      step,
      { planned: false, hue: Math.max(0, scopes.indexOf(step.scope ?? "app")) },
    ),
  );

  for (const ribbonStep of [viewStep, streamed ? bodyStep : null])
    if (ribbonStep !== null) taken.add(ribbonStep.id);
  const view = viewRibbon({
    steps,
    moment,
    trace,
    rule,
    step: viewStep,
    dispatched: dispatchStep,
    failed: failedMatch,
    past: answered,
    inner,
  });
  const body = streamed && bodyStep !== null ? bodyRibbon({ steps, moment, step: bodyStep, inner }) : null;
  for (const ribbon of [view, body])
    if (ribbon !== null) for (const step of [...ribbon.segments, ...ribbon.beads]) taken.add(step.id);

  // What is left: inside a chip, or on the wire after one.
  const hosts = new Map<number, string>();
  const all = (): Chip[] => [
    ...bands.flatMap((each) => [...each.left, ...each.right]),
    dispatch,
    ...handlerChips,
    response,
  ];
  for (const chip of all()) {
    if (chip.step !== null && !chip.half) hosts.set(chip.step.id, chip.key);
    if (chip.again !== null) hosts.set(chip.again.id, chip.key);
  }
  const stops = stopsOf(all(), view, body, moment);
  const pills = new Map<string, Step[]>();
  const beads = new Map<string, Step[]>();
  const give = (to: Map<string, Step[]>, key: string, step: Step): void => {
    to.set(key, [...(to.get(key) ?? []), step]);
  };
  for (const step of trace.steps) {
    if (taken.has(step.id)) continue;
    let home = steps.home(step);
    while (home !== null && !hosts.has(home.id)) home = steps.home(home);
    const host = home === null ? undefined : hosts.get(home.id);
    if (host !== undefined) give(pills, host, step);
    else if (!COLLECTED.has(step.stage) && begun(step))
      give(
        beads,
        (
          stops.findLast(
            (stop) => stop.when < step.begin || (stop.when === step.begin && stop.order < step.id),
          ) ?? stops[0]
        )?.key ?? "receive",
        step,
      );
  }
  const places = [view, body].flatMap((ribbon) => ribbon?.inner ?? []);
  const elsewhere = inner.filter((each) => !places.includes(each));
  const dress = (chip: Chip): Chip => ({
    ...chip,
    pills: pills.get(chip.key) ?? [],
    beads: beads.get(chip.key) ?? [],
    inner:
      chip.step === null || chip.half || !begun(chip.step)
        ? []
        : elsewhere.filter(
            (each) =>
              ranIn(trace, each, chip.step as Step) && !AROUND.has(chip.stage) && chip.stage !== "body",
          ),
  });

  const dressed = bands.map((each) => ({
    ...each,
    left: each.left.map(dress),
    right: each.right.map(dress),
  }));
  const left =
    trace.error !== null && wsgi?.outcome === "raised" && moment.ended(wsgi)
      ? `${trace.error.type}: ${trace.error.message}`
      : null;
  const answer = clientStatus(trace);
  const fault = trace.error?.step ?? -1;
  const lastChange = trace.steps.reduce((last, step) => Math.max(last, step.begin, step.end ?? 0), 0);
  const quiet = elapsed - lastChange;
  return {
    trace,
    bands: dressed,
    dispatch: dress(dispatch),
    handlers: handlerChips.map(dress),
    response: dress(response),
    view: { ...view, after: beads.get("view") ?? [] },
    body: body === null ? null : { ...body, after: beads.get("body") ?? [] },
    short: dressed.flatMap((each) => each.left).find((chip) => chip.state === "short_circuit") ?? null,
    waiting:
      failedMatch !== null && begun(dispatchStep) ? (failedMatch.error?.type ?? "The exception") : null,
    propagated: left,
    unhandled:
      trace.error !== null &&
      left === null &&
      begun(responses.find((step) => step.id > fault)) &&
      !handlers.some((step) => step.id > fault)
        ? trace.error.type
        : null,
    answeredByApp,
    stops,
    moving,
    stateOf: state,
    lasted,
    hung: trace.state === "running" && at === Infinity && quiet > LONG ? quiet : null,
    websocket: websocketOf(trace.steps[0], elapsed),
    status: begun(start)
      ? start.name
      : left === null
        ? `${trace.status ?? ""}`
        : answer === null
          ? "no response"
          : `${answer} by the server`,
    total: Math.max(0, over ? clock.total : clock.at(Math.min(elapsed, at))),
    sent: Math.max(0, over ? clock.sent : Math.min(elapsed, at) - clock.at(Math.min(elapsed, at))),
    bytes,
  };
}

/** Where the wire passes, and when. */
function stopsOf(chips: readonly Chip[], view: Ribbon, body: Ribbon | null, moment: Moment): Stop[] {
  const stops: Stop[] = [];
  for (const chip of chips) {
    if (chip.state === "pending" || chip.state === "skipped" || chip.hidden) continue;
    stops.push({
      key: chip.key,
      when: chip.when,
      order: chip.order,
      again: false,
      failed: chip.state === "raised",
    });
    if (chip.again !== null)
      stops.push({
        key: chip.key,
        when: chip.again.begin,
        order: chip.again.id,
        again: true,
        failed: moment.state(chip.again) === "raised",
      });
  }
  for (const ribbon of [view, body])
    if (ribbon?.step != null && ribbon.state !== "pending")
      stops.push({
        key: ribbon.key,
        when: ribbon.step.begin,
        order: ribbon.step.id,
        again: false,
        failed: ribbon.state === "raised",
      });
  return stops.sort((a, b) => a.when - b.when || a.order - b.order);
}

function failedRule(trace: Trace, match: Step): string {
  const type = match.error?.type;
  if (type === "RequestRedirect") return "redirect to its rule";
  return type === "MethodNotAllowed" ? `no ${trace.method} here` : "no rule";
}

function kindOf(step: Step): string {
  const from = text(step.detail["from"]);
  const to = text(step.detail["to"]);
  return from === ""
    ? "Response"
    : from.startsWith("Response") || from.startsWith("(") || to === ""
      ? from
      : `${from} → ${to}`;
}

function ruleOf(trace: Trace, map: AppMap | null): Rule | null {
  return map?.rules.find((rule) => rule.endpoint === trace.endpoint && rule.rule === trace.url_rule) ?? null;
}

function planned(map: AppMap | null, plan: Plan | null, stage: PlannedStage): Hook[] {
  return (plan?.[stage] ?? []).flatMap((index) => map?.hooks[index] ?? []);
}

export function label(chip: Chip): string {
  const spent = chip.own === null ? "" : `, ${time(chip.own)}`;
  return `${chip.kind} ${chip.name}: ${chip.state.replace("_", " ")}${spent}${chip.note === "" ? "" : `, ${chip.note}`}`;
}
