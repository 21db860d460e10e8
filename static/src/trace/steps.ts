/** The steps of a trace as a tree, and the enclosing step of each. */

import type { Json, Stage, Step, Trace, TraceSummary } from "../api/types";

/** What a step without an end is doing: the process of a request may have ended while it ran. */
export function unfinished({ state }: Pick<Trace, "state">): "running" | "cut off" {
  return state === "running" ? "running" : "cut off";
}

export type State = "pending" | "running" | "done" | "raised" | "short_circuit" | "skipped";

/** Stages recorded by collectors inside a step, which are not part of the lifecycle. */
export const COLLECTED: ReadonlySet<Stage> = new Set<Stage>(["sql", "log", "warning", "flash"]);

/** Stages that only enclose other steps of the wire. */
export const AROUND: ReadonlySet<Stage> = new Set<Stage>([
  "wsgi",
  "middleware",
  "app_context_push",
  "request_context_push",
  "dispatch",
  "request_context_pop",
  "app_context_pop",
  "signal",
]);

/** The functions that packages add to an app. */
const HOOKS: ReadonlySet<Stage> = new Set<Stage>([
  "url_value_preprocessor",
  "before_request",
  "after_request",
  "after_this_request",
  "teardown_request",
  "teardown_appcontext",
  "context_processor",
]);

/** Whether a step is a hook that comes from a package, not from the app's own code. */
export function isForeign({ stage, package: from }: Pick<Step, "stage" | "package">): boolean {
  return from != null && HOOKS.has(stage);
}

/** The steps of the app's own code, and what ran in it or around it. */
export function ownSteps(trace: Trace): readonly Step[] {
  const foreign = new Set<number>();
  for (const step of trace.steps)
    if (isForeign(step) || (step.parent !== null && foreign.has(step.parent))) foreign.add(step.id);
  return trace.steps.filter(({ id }) => !foreign.has(id));
}

export class Steps {
  readonly all: readonly Step[];
  readonly #parents = new Map<number, Step>();
  readonly #homes = new Map<number, Step>();
  // By stage, the steps on the wire; and by step, those that ran directly inside it.
  readonly #wire = new Map<Stage, Step[]>();
  readonly #children = new Map<Step, Step[]>();
  readonly #ends = new Map<Step, number>();

  constructor(trace: Trace) {
    this.all = trace.steps;
    for (const step of trace.steps) {
      // A parent begins before its child: any other reference could form a cycle.
      const parent = step.parent !== null && step.parent < step.id ? trace.steps[step.parent] : undefined;
      if (parent !== undefined) {
        this.#parents.set(step.id, parent);
        if (step.stage !== "signal") add(this.#children, parent, step);
      }
      const home = parent !== undefined && AROUND.has(parent.stage) ? this.#homes.get(parent.id) : parent;
      if (home === undefined) add(this.#wire, step.stage, step);
      else this.#homes.set(step.id, home);
    }
  }

  /** The step in which this one ran that is more than a layer around it; null on the wire itself. */
  home(step: Step): Step | null {
    return this.#homes.get(step.id) ?? null;
  }

  /** The steps of a stage on the wire: outside of views, hooks and the body. */
  of(stage: Stage): readonly Step[] {
    return this.#wire.get(stage) ?? [];
  }

  first(stage: Stage): Step | null {
    return this.of(stage)[0] ?? null;
  }

  /** Whether a step ran inside another. */
  within(step: Step, outer: Step): boolean {
    for (let at = this.#parents.get(step.id); at !== undefined; at = this.#parents.get(at.id))
      if (at === outer) return true;
    return false;
  }

  /** The position of a step's end in the order of all: after its inner steps, before later steps. */
  endOf(step: Step): number {
    let end = this.#ends.get(step);
    if (end === undefined) {
      const last = this.all.findLast((each) => each === step || this.within(each, step)) ?? step;
      end = last.id + 1 - (step.id + 1) / (this.all.length + 1);
      this.#ends.set(step, end);
    }
    return end;
  }

  /** The steps of the wire that ran directly inside a step, which its own time excludes. */
  childrenOf(step: Step): readonly Step[] {
    return this.#children.get(step) ?? [];
  }
}

function add<Key>(to: Map<Key, Step[]>, key: Key, step: Step): void {
  const found = to.get(key);
  if (found === undefined) to.set(key, [step]);
  else found.push(step);
}

const made = new WeakMap<readonly Step[], Steps>();

/** The steps of a trace as a tree: made once, however often it is drawn. */
export function stepsOf(trace: Trace): Steps {
  let steps = made.get(trace.steps);
  if (steps === undefined) made.set(trace.steps, (steps = new Steps(trace)));
  return steps;
}

/** The state of a request at a moment. */
export interface Moment {
  readonly begun: (step: Step | null | undefined) => step is Step;
  readonly ended: (step: Step) => boolean;
  readonly lasted: (step: Step) => number;
  readonly state: (step: Step) => State;
}

export function momentOf(at: number, elapsed: number): Moment {
  const begun = (step: Step | null | undefined): step is Step => step != null && step.begin <= at;
  const ended = (step: Step): boolean => step.end !== null && Math.max(step.end, step.begin) <= at;
  return {
    begun,
    ended,
    lasted: (step) => Math.max(0, (ended(step) ? (step.end ?? 0) : Math.min(elapsed, at)) - step.begin),
    state: (step) =>
      !begun(step)
        ? "pending"
        : !ended(step)
          ? "running"
          : step.outcome === "raised" || step.outcome === "short_circuit"
            ? step.outcome
            : "done",
  };
}

/** The duration of a step so far, ns. */
export function spent(step: Step): number {
  return Math.max(0, (step.end ?? step.begin) - step.begin);
}

/** Whether a request was made while a step of another ran. */
export function ranIn(trace: Trace, inner: TraceSummary, step: Step): boolean {
  const begin = (inner.started_at - trace.started_at) * 1e9;
  // Both are from the wall clock, which has a resolution of microseconds.
  return begin >= step.begin - 2000 && begin <= (step.end ?? Infinity);
}

export function text(value: Json | undefined): string {
  return typeof value === "string"
    ? value
    : value === undefined || value === null
      ? ""
      : JSON.stringify(value);
}

/** A call of a function by the arguments that a step has recorded, such as "show(id=42)". */
export function call(name: string, args: Json | undefined): string {
  const named = args === null || typeof args !== "object" || Array.isArray(args) ? {} : args;
  const values = Object.entries(named).map(([key, value]) => `${key}=${text(value)}`);
  return `${name}(${values.join(", ")})`;
}

/** The name of a span, with the method and the host where the name does not say them. */
export function spanName({ name, detail: { target } }: Step): string {
  if (typeof target !== "string" || name.includes(target)) return name;
  return target.startsWith(`${name} `) ? target : `${name} ${target}`;
}

/** The current state of a step. */
export const stateOf = momentOf(Infinity, Infinity).state;
