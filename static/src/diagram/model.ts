/** From a trace and the app map to the journey: which chips stand in which band, in which state. */

import type { AppMap, Hook, Json, Plan, PlannedStage, Rule, Stage, Step, Trace } from "../types";
import { size, time } from "../format";

export type State = "pending" | "running" | "done" | "raised" | "short_circuit" | "skipped";

/** What stands on the wire: a step, or one that the registries promise. */
export interface Chip {
  readonly key: string;
  readonly stage: Stage;
  readonly kind: string;
  readonly name: string;
  readonly state: State;
  readonly step: Step | null;
  /** Its own time, ns, without what is drawn as chips of their own; null where none can be said. */
  readonly own: number | null;
  /** Statements and templates inside it, as pills. */
  readonly pills: readonly Step[];
  /** The signal that follows it on the wire. */
  readonly signal: Step | null;
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

/** A true-time strip: the view, or the body. */
export interface Ribbon {
  readonly key: "view" | "body";
  readonly step: Step | null;
  readonly state: State;
  readonly name: string;
  readonly begin: number;
  readonly duration: number;
  readonly segments: readonly Step[];
  readonly chunks: readonly { readonly at: number; readonly size: number }[];
  readonly error: string | null;
  readonly note: string;
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
  /** What left the app, where nothing answered it. */
  readonly propagated: string | null;
  /** Keys of what was reached, in the order of beginning. */
  readonly order: readonly string[];
  readonly status: string;
  readonly total: number;
  readonly bytes: number | null;
}

const PILLS: ReadonlySet<Stage> = new Set<Stage>(["sql", "template"]);

class Steps {
  readonly all: readonly Step[];
  private readonly children = new Map<number | null, Step[]>();
  private readonly inBody = new Set<number>();
  private readonly parents = new Map<number, number>();

  constructor(trace: Trace) {
    this.all = trace.steps;
    for (const step of trace.steps) {
      // A parent begins before its child: any other arrow could close a circle.
      const parent = step.parent !== null && step.parent < step.id ? step.parent : null;
      const list = this.children.get(parent);
      if (list) list.push(step);
      else this.children.set(parent, [step]);
      if (parent !== null) this.parents.set(step.id, parent);
      if (step.stage === "body" || (parent !== null && this.inBody.has(parent))) this.inBody.add(step.id);
    }
  }

  /** The steps of a stage before the body, outside of views and hooks. */
  of(stage: Stage): Step[] {
    return this.all.filter((step) => step.stage === stage && !this.inBody.has(step.id));
  }

  first(stage: Stage): Step | null {
    return this.of(stage)[0] ?? null;
  }

  last(stage: Stage): Step | null {
    return this.of(stage).at(-1) ?? null;
  }

  inside(step: Step | null, stages: ReadonlySet<Stage>): Step[] {
    if (step === null) return [];
    const found: Step[] = [];
    const visit = (children: readonly Step[]): void => {
      for (const child of children)
        if (stages.has(child.stage)) found.push(child);
        else visit(this.children.get(child.id) ?? []);
    };
    visit(this.childrenOf(step));
    return found.sort((a, b) => a.begin - b.begin);
  }

  within(step: Step, ancestor: Step | null): boolean {
    if (ancestor === null) return false;
    for (let at = this.parents.get(step.id); at !== undefined; at = this.parents.get(at)) if (at === ancestor.id) return true;
    return false;
  }

  childrenOf(step: Step): readonly Step[] {
    return this.children.get(step.id) ?? [];
  }
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
}

export function stateOf(step: Step): State {
  if (step.end === null) return "running";
  if (step.outcome === "raised") return "raised";
  return step.outcome === "short_circuit" ? "short_circuit" : "done";
}

export function journey(trace: Trace, map: AppMap | null, elapsed: number): Journey {
  const steps = new Steps(trace);
  const rule = ruleOf(trace, map);
  const plan = rule?.plan ?? map?.unmatched ?? null;
  const done = trace.state === "done";
  const until = (step: Step): number => step.end ?? Math.max(elapsed, step.begin);
  const lasted = (step: Step): number => until(step) - step.begin;
  const signals = steps.all.filter((step) => step.stage === "signal");

  const absent = (reached: boolean): State => (reached ? "skipped" : "pending");
  const make = (
    key: string,
    stage: Stage,
    kind: string,
    name: string,
    step: Step | null,
    reached: boolean,
    minus: readonly (Step | null)[] = [],
  ): Chip => ({
    key,
    stage,
    kind,
    name,
    step,
    state: step === null ? absent(reached) : stateOf(step),
    own:
      step === null
        ? null
        : Math.max(
            0,
            lasted(step) - minus.reduce((sum, other) => sum + (other === null ? 0 : lasted(other)), 0),
          ),
    pills: steps.inside(step, PILLS),
    signal: null,
  });

  // Hooks: what the registries promise, lit by the steps.
  const used = new Set<number>();
  const hooks = (stage: PlannedStage, kind: string, scope: string, reached: boolean, everywhere = false): Chip[] => {
    const outside = steps.of(stage);
    const pool = everywhere && outside.length === 0 ? steps.all.filter((step) => step.stage === stage) : outside;
    const mine = pool.filter((step) => (step.scope ?? "app") === scope);
    const chips = planned(map, plan, stage)
      .filter((hook) => (hook.scope ?? "app") === scope)
      .map((hook, index) => {
        const step = mine.find((each) => each.callable === hook.callable && !used.has(each.id)) ?? null;
        if (step !== null) used.add(step.id);
        return make(`${stage}:${scope}:${index.toString()}`, stage, kind, hook.name, step, reached);
      });
    for (const step of mine)
      if (!used.has(step.id)) {
        used.add(step.id);
        chips.push(make(`${stage}:step:${step.id.toString()}`, stage, kind, step.name, step, reached));
      }
    return chips;
  };

  const wsgi = steps.first("wsgi");
  const middleware = steps.of("middleware");
  const push = steps.first("request_context_push");
  const appPush = steps.first("app_context_push");
  // A streamed body can keep the contexts until its end.
  const lastAnywhere = (stage: Stage): Step | null => steps.last(stage) ?? steps.all.findLast((step) => step.stage === stage) ?? null;
  const pop = lastAnywhere("request_context_pop");
  const appPop = lastAnywhere("app_context_pop");
  const open = steps.first("session_open");
  const match = steps.first("url_match");
  const save = steps.last("session_save");
  const dispatchStep = steps.first("dispatch");
  const viewStep = steps.all.find((step) => step.stage === "view") ?? null;
  const response = [...steps.of("make_response")].reverse().find((step) => !steps.within(step, viewStep)) ?? null;
  const start = steps.last("start_response");
  const bodyStep = steps.all.find((step) => step.stage === "body") ?? null;
  const handlers = steps.of("error_handler");

  const beforePast = dispatchStep !== null || response !== null || start !== null || handlers.length > 0 || done;
  const afterPast = start !== null || pop !== null || appPop !== null || done;
  const teardownPast = bodyStep !== null || done;

  const bands: Band[] = [];
  const band = (key: string, label: string, sub: string, hue: number, left: Chip[], right: Chip[]): void => {
    bands.push({ key, label, sub, hue, left, right });
  };

  const firstInside = wsgi === null ? null : (steps.childrenOf(wsgi)[0] ?? null);
  const receive = make("receive", "wsgi", "receive", "environ", wsgi, done);
  const bytes = typeof bodyStep?.detail["bytes"] === "number" ? bodyStep.detail["bytes"] : null;
  const streamed = bodyStep?.detail["streamed"] === true;
  band(
    "server",
    "WSGI server",
    "",
    0,
    [{ ...receive, state: firstInside === null ? receive.state : "done", own: wsgi === null ? null : (firstInside?.begin ?? until(wsgi)) - wsgi.begin, pills: [] }],
    [
      {
        ...make("send", "body", streamed ? "iterate body" : "send body", bytes === null ? "bytes" : size(bytes), bodyStep, done),
        own: bodyStep === null || streamed ? null : lasted(bodyStep),
        pills: [],
      },
    ],
  );

  const layers: readonly (Step | Hook)[] = middleware.length > 0 ? middleware : done ? [] : (map?.middleware ?? []);
  const inner = steps.first("request_context");
  layers.forEach((layer, index) => {
    const step = "id" in layer ? layer : null;
    const timed = step !== null && step.detail["untimed"] !== true && inner !== null;
    const call = make(`call:${index.toString()}`, "middleware", "call", layer.name, step, done);
    const back = make(`return:${index.toString()}`, "middleware", "return", layer.name, step, done);
    const outer = pop ?? appPop;
    band(
      `middleware:${index.toString()}`,
      "Middleware",
      "",
      0,
      [{ ...call, own: timed ? inner.begin - step.begin : null, state: step === null ? call.state : inner === null ? call.state : "done", pills: [] }],
      [
        {
          ...back,
          state: step?.end == null ? absent(done) : back.state,
          own: timed && step.end !== null && outer?.end != null ? Math.max(0, step.end - outer.end) : null,
          pills: [],
        },
      ],
    );
  });

  const separate = map?.separate_contexts ?? push !== null;
  const contextRight = (kind: "request_context_pop" | "app_context_pop", step: Step | null, name: string, functions: Chip[], minus: readonly (Step | null)[]): Chip[] => {
    const chip = make(kind, kind, "pop", name, step, done, minus);
    const only = functions.length === 1 ? functions[0] : undefined;
    if (only) return [{ ...chip, key: only.key, stage: only.stage, kind: "teardown, pop", name: only.name, step: only.step ?? step, state: only.step === null ? only.state : worst(only.state, chip.state), pills: only.pills }];
    return [{ ...chip, pills: [] }, ...[...functions].reverse()];
  };
  const started = make("start_response", "start_response", "start_response", start?.name ?? "status, headers", start, done);
  const requestTeardowns = ["app", ...[...trace.blueprints]].flatMap((scope) => hooks("teardown_request", "teardown", scope, teardownPast, true)).sort(byBegin);
  const appTeardowns = hooks("teardown_appcontext", "teardown", "app", teardownPast, true);
  const contextParts = (step: Step | null): readonly (Step | null)[] => [
    ...(step === null ? [] : steps.childrenOf(step).filter((child) => child.stage !== "signal")),
  ];

  if (separate) {
    band("app", "App context", "current_app, g", 0,
      [make("app_push", "app_context_push", appPush === null && push !== null ? "reuse" : "push", "AppContext", appPush, push !== null || done)],
      contextRight("app_context_pop", appPop, "AppContext", appTeardowns, appTeardowns.length === 1 ? [] : contextParts(appPop)));
    band("request", "Request context", "request, session", 0,
      [{ ...make("request_push", "request_context_push", "push", "RequestContext", push, done, contextParts(push)), pills: [] }],
      [...contextRight("request_context_pop", pop, "RequestContext", requestTeardowns, requestTeardowns.length === 1 ? [appPop] : contextParts(pop)), started]);
  } else {
    const all = [...requestTeardowns, ...appTeardowns];
    band("app", "App context", "current_app, g, request, session", 0,
      [{ ...make("app_push", "app_context_push", "push", "AppContext", appPush, done, contextParts(appPush)), pills: [] }],
      [...contextRight("app_context_pop", appPop, "AppContext", all, all.length === 1 ? [] : contextParts(appPop)), started]);
  }

  const noRule = match !== null && match.outcome === "raised";
  const saved = make("session_save", "session_save", "save", "session", save, afterPast);
  band("session", "Session and routing", "", 0,
    [
      make("session_open", "session_open", "open", "session", open, match !== null || beforePast),
      make("url_match", "url_match", "match URL", match === null ? "path" : noRule ? "no rule" : match.name, match, beforePast),
    ],
    [saved]);

  const scopes = ["app", ...trace.blueprints];
  scopes.forEach((scope, index) => {
    const left = [
      ...hooks("url_value_preprocessor", "url_value_preprocessor", scope, beforePast),
      ...hooks("before_request", "before_request", scope, beforePast),
    ];
    const right = hooks("after_request", "after_request", scope, afterPast).reverse();
    if (index === scopes.length - 1)
      for (const step of steps.of("after_this_request"))
        right.push(make(`this:${step.id.toString()}`, "after_this_request", "after_this_request", step.name, step, true));
    if (left.length + right.length > 0 || index > 0)
      band(`hooks:${scope}`, scope === "app" ? "App hooks" : `Blueprint ${scope}`, "", index, left, right);
  });

  const short = bands.flatMap((each) => each.left).find((chip) => chip.state === "short_circuit") ?? null;
  const answered = response !== null || start !== null || done;
  const dispatch: Chip = {
    ...make("dispatch", "dispatch", "dispatch",
      dispatchStep?.outcome === "raised" && viewStep === null ? `raises ${dispatchStep.error?.type ?? "an exception"}` : (trace.endpoint ?? "endpoint"),
      dispatchStep, answered, [viewStep]),
    pills: [],
    ...(dispatchStep?.outcome === "raised" && viewStep !== null ? { state: "done" as const } : {}),
  };
  const kinds = response === null ? "return value" : kindOf(response);
  const responseChip = make("make_response", "make_response", "make_response", kinds, response, afterPast);
  const handlerChips = handlers.map((step) =>
    make(`handler:${step.id.toString()}`, "error_handler", `errorhandler(${text(step.detail["for"])})`, step.name, step, true),
  );

  const view = viewRibbon();
  const pushedAgain = bodyStep === null ? [] : steps.inside(bodyStep, new Set<Stage>(["app_context_push", "request_context_push"]));
  const body = streamed && bodyStep !== null ? bodyRibbon(bodyStep) : null;
  const propagated = trace.error !== null && start === null ? `${trace.error.type}: ${trace.error.message}` : null;

  placeSignals(bands, signals);
  const order = [
    ...bands.flatMap((each) => each.left).filter((chip) => chip.step !== null).map((chip) => chip.key),
    ...(dispatch.step === null ? [] : ["dispatch"]),
    ...(view.step === null ? [] : ["view"]),
    ...handlerChips.map((chip) => chip.key),
    ...(responseChip.step === null ? [] : ["make_response"]),
    ...[...bands].reverse().flatMap((each) => [...each.right].reverse()).filter((chip) => chip.step !== null && chip.state !== "pending" && chip.state !== "skipped").map((chip) => chip.key),
    ...(body === null ? [] : ["body"]),
  ];

  return {
    trace,
    bands,
    dispatch,
    handlers: handlerChips,
    response: responseChip,
    view,
    body,
    short,
    waiting: noRule && match.error !== null && dispatchStep !== null ? match.error.type : null,
    propagated,
    order,
    status: start?.name ?? (propagated === null ? "" : "no response"),
    total: trace.duration ?? elapsed,
    bytes,
  };

  function viewRibbon(): Ribbon {
    const empty = { key: "view" as const, begin: 0, duration: 0, segments: [], chunks: [], error: null };
    const label = rule?.view?.name ?? trace.endpoint ?? "view";
    if (viewStep === null) {
      if (noRule) return { ...empty, step: null, state: "skipped", name: "", note: notRouted(match.error?.type ?? "") };
      const past = answered || (dispatchStep !== null && dispatchStep.end !== null);
      const automatic = trace.method === "OPTIONS" && dispatchStep?.outcome === "ok";
      return { ...empty, step: null, state: past ? "skipped" : "pending", name: label,
        note: automatic ? "no view: Flask answers OPTIONS by itself" : `${label} was not reached` };
    }
    const args = viewStep.detail["args"];
    const shown = args !== null && typeof args === "object" && !Array.isArray(args) ? Object.entries(args).map(([key, value]) => `${key}=${text(value)}`).join(", ") : "";
    return {
      key: "view", step: viewStep, state: stateOf(viewStep), name: `${viewStep.name}(${shown})`, begin: viewStep.begin, duration: lasted(viewStep),
      segments: steps.inside(viewStep, PILLS), chunks: [],
      error: viewStep.error === null ? null : `${viewStep.error.type}: ${viewStep.error.message}`, note: "",
    };
  }

  function bodyRibbon(step: Step): Ribbon {
    const sent = Array.isArray(step.detail["sent"]) ? (step.detail["sent"] as readonly Json[]) : [];
    const chunks = sent.flatMap((pair) => Array.isArray(pair) && typeof pair[0] === "number" && typeof pair[1] === "number" ? [{ at: pair[0], size: pair[1] }] : []);
    const count = typeof step.detail["chunks"] === "number" ? step.detail["chunks"] : chunks.length;
    return {
      key: "body", step, state: stateOf(step), name: `generator, ${count.toString()} ${count === 1 ? "chunk" : "chunks"}`, begin: step.begin, duration: lasted(step),
      segments: steps.inside(step, PILLS), chunks, error: step.error === null ? null : `${step.error.type}: ${step.error.message}`,
      note: pushedAgain.length > 0 ? "contexts pushed again, torn down again" : steps.inside(step, new Set<Stage>(["app_context_pop"])).length > 0 ? "contexts kept until here" : "",
    };
  }
}

function notRouted(error: string): string {
  if (error === "MethodNotAllowed") return "no view: the rule does not take this method";
  if (error === "RequestRedirect") return "no view: the URL is redirected to its rule";
  return "no view: no rule matched this URL";
}

function byBegin(a: Chip, b: Chip): number {
  return (a.step?.begin ?? Infinity) - (b.step?.begin ?? Infinity);
}

function worst(a: State, b: State): State {
  return a === "raised" || b === "raised" ? "raised" : b === "running" ? "running" : a;
}

function kindOf(step: Step): string {
  const from = text(step.detail["from"]);
  const to = text(step.detail["to"]);
  return from === "" ? "Response" : from.startsWith("Response") || from.startsWith("(") || to === "" ? from : `${from} → ${to}`;
}

function ruleOf(trace: Trace, map: AppMap | null): Rule | null {
  return map?.rules.find((rule) => rule.endpoint === trace.endpoint && rule.rule === trace.url_rule) ?? null;
}

function planned(map: AppMap | null, plan: Plan | null, stage: PlannedStage): Hook[] {
  return (plan?.[stage] ?? []).flatMap((index) => map?.hooks[index] ?? []);
}

/** Give each signal to the chip after which it was sent. */
function placeSignals(bands: Band[], signals: readonly Step[]): void {
  const at: Record<string, string> = {
    appcontext_pushed: "app_push",
    request_started: "url_match",
    request_finished: "start_response",
    request_tearing_down: "request",
    appcontext_popped: "app",
  };
  for (const [name, key] of Object.entries(at)) {
    const signal = signals.find((step) => step.name === name);
    if (signal === undefined) continue;
    bands.forEach((band, index) => {
      const give = (chip: Chip, first: boolean): Chip =>
        chip.key === key || (key === band.key && first && chip.kind.includes("pop")) ? { ...chip, signal } : chip;
      bands[index] = { ...band, left: band.left.map((chip) => give(chip, false)), right: band.right.map((chip, row) => give(chip, row === 0)) };
    });
  }
}

export function label(chip: Chip): string {
  const spent = chip.own === null ? "" : `, ${time(chip.own)}`;
  return `${chip.kind} ${chip.name}: ${chip.state.replace("_", " ")}${spent}`;
}
