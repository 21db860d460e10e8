/** The functions that a request for a rule calls, in Flask's order. */

import type { AppMap, Hook, PlannedStage, Rule, Stage } from "../../api/types";

export interface Phase {
  readonly title: string;
  /** Flask's own action in this phase. */
  readonly says: string;
  readonly hooks: readonly Hook[];
}

type Verdict = "view" | "options" | "not allowed";

/** How a rule handles a method. */
export function verdict(rule: Rule, method: string): Verdict {
  if (!rule.methods.includes(method) && rule.methods.length > 0) return "not allowed";
  return method === "OPTIONS" ? "options" : "view";
}

/**
 * What the address calls each rule: its host, path and endpoint; of those that have these in common, the
 * later ones have a number.
 */
export function namesOf(rules: readonly Rule[]): readonly string[] {
  const times = new Map<string, number>();
  return rules.map(({ host, subdomain, rule, endpoint }) => {
    const name = `${host ?? subdomain ?? ""}${rule} ${endpoint}`;
    const time = (times.get(name) ?? 0) + 1;
    times.set(name, time);
    return time === 1 ? name : `${name} ${time}`;
  });
}

export function phases(map: AppMap, rule: Rule, method: string): readonly Phase[] {
  const answer = verdict(rule, method);
  const plan = answer === "not allowed" ? map.unmatched : rule.plan;
  const blueprints = answer === "not allowed" ? [] : rule.blueprints;
  const hooks = (...stages: PlannedStage[]): Hook[] =>
    stages.flatMap((stage) => plan[stage].flatMap((index) => map.hooks[index] ?? []));
  const view = viewPhase(rule, method, answer);
  return [
    {
      title: "Around Flask",
      says: "The server calls the middleware, outermost first.",
      hooks: map.middleware,
    },
    {
      title: "Before the view",
      says:
        "The contexts are pushed, the session is opened, the path is matched. " +
        "If one returns a value, that is the response, and the view is skipped.",
      hooks: hooks("url_value_preprocessor", "before_request"),
    },
    view,
    {
      title: "When a template is rendered",
      says: "What these return is added to the template's context.",
      hooks: hooks("context_processor"),
    },
    {
      title: "When an exception is raised",
      says: "The first that matches is called: codes before classes, the blueprint's before the app's.",
      hooks: handlers(map, blueprints),
    },
    {
      title: "After the view",
      says:
        "In this order; each gets the response that the previous one returned. " +
        "Then the session is saved and start_response is called.",
      hooks: hooks("after_request"),
    },
    {
      title: "When the contexts are popped",
      says: "Always, also after an exception.",
      hooks: hooks("teardown_request", "teardown_appcontext"),
    },
  ].filter((phase) => phase.hooks.length > 0 || phase === view);
}

function viewPhase(rule: Rule, method: string, answer: Verdict): Phase {
  const phases: Record<Verdict, Phase> = {
    view: {
      title: "The view",
      says: "Flask makes a response from what it returns.",
      hooks: rule.view === null ? [] : [rule.view],
    },
    options: {
      title: "The view",
      says: "Flask answers OPTIONS itself unless the view handles it; the Allow header lists the methods.",
      hooks: [],
    },
    "not allowed": {
      title: "Not the view",
      says:
        `${method} is not among ${rule.methods.join(", ")}: MethodNotAllowed waits until dispatch ` +
        "and is handled as a 405. No hook of a blueprint runs.",
      hooks: [],
    },
  };
  return phases[answer];
}

/** The error handlers in the order in which Flask looks them up (`_find_error_handler`). */
function handlers(map: AppMap, blueprints: readonly string[]): readonly Hook[] {
  const scopes = [...[...blueprints].reverse(), "app"];
  const byCode = (code: boolean): Hook[] =>
    scopes.flatMap((scope) =>
      map.error_handlers
        .filter((each) => each.scope === scope && /^\d+$/.test(each.for) === code)
        .map((each) => ({ ...each, name: `${each.for}: ${each.name}` })),
    );
  return [...byCode(true), ...byCode(false)];
}

const KINDS: Partial<Record<Stage, string>> = {
  middleware: "middleware",
  url_value_preprocessor: "URL values",
  before_request: "before",
  view: "view",
  context_processor: "context",
  error_handler: "handler",
  after_request: "after",
  teardown_request: "teardown",
  teardown_appcontext: "app teardown",
};

export function kindOf(hook: Hook): string {
  return KINDS[hook.stage] ?? hook.stage;
}
