/** The steps of a trace as a tree, and where each of them is at home. */

import type { Json, Stage, Step, Trace, TraceSummary } from "../api/types";

export type State = "pending" | "running" | "done" | "raised" | "short_circuit" | "skipped";

/** What collectors saw happen inside a step: no part of the lifecycle. */
export const COLLECTED: ReadonlySet<Stage> = new Set<Stage>(["sql", "log", "warning", "flash"]);

/** What only stands around other steps of the wire. */
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

export class Steps {
  readonly all: readonly Step[];
  readonly #parents = new Map<number, Step>();
  readonly #homes = new Map<number, Step>();

  constructor(trace: Trace) {
    this.all = trace.steps;
    for (const step of trace.steps) {
      // A parent begins before its child: any other arrow could close a circle.
      const parent = step.parent !== null && step.parent < step.id ? trace.steps[step.parent] : undefined;
      if (parent === undefined) continue;
      this.#parents.set(step.id, parent);
      const home = AROUND.has(parent.stage) ? this.#homes.get(parent.id) : parent;
      if (home !== undefined) this.#homes.set(step.id, home);
    }
  }

  /** The step in which this one ran that is more than a layer around it; null on the wire itself. */
  home(step: Step): Step | null {
    return this.#homes.get(step.id) ?? null;
  }

  /** The steps of a stage on the wire: outside of views, hooks and the body. */
  of(stage: Stage): Step[] {
    return this.all.filter((step) => step.stage === stage && !this.#homes.has(step.id));
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

  /** The place of a step's end in the order of all: after whatever ran inside it, before what began later. */
  endOf(step: Step): number {
    const last = this.all.findLast((each) => each === step || this.within(each, step)) ?? step;
    return last.id + 1 - (step.id + 1) / (this.all.length + 1);
  }

  /** What a step's own time leaves out: the steps of the wire that ran directly inside it. */
  childrenOf(step: Step): Step[] {
    return this.all.filter((child) => this.#parents.get(child.id) === step && child.stage !== "signal");
  }
}

/** How things stood at a moment of a request. */
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

/** How long a step took, ns, as far as it is over. */
export function spent(step: Step): number {
  return Math.max(0, (step.end ?? step.begin) - step.begin);
}

/** Whether a request was made while a step of another ran. */
export function ranIn(trace: Trace, inner: TraceSummary, step: Step): boolean {
  const begin = (inner.started_at - trace.started_at) * 1e9;
  // Both are read from the wall clock, which tells no more than microseconds.
  return begin >= step.begin - 2000 && begin <= (step.end ?? Infinity);
}

export function text(value: Json | undefined): string {
  return typeof value === "string"
    ? value
    : value === undefined || value === null
      ? ""
      : JSON.stringify(value);
}

/** The state of a step as it is known now. */
export const stateOf = momentOf(Infinity, Infinity).state;
