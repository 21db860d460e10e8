/** The cues of a request: what a replay goes through, each with a sentence. */

import type { Stage, Step, Trace } from "../api/types";
import { COLLECTED } from "./steps";

/** The moment at which a step is shown; a step that contains others is shown twice. */
export interface Cue {
  /** Null at the end of a request, where all of it is shown. */
  readonly step: Step | null;
  /** Going into a step that contains others, or with what it did; or picked in a request shown as a whole. */
  readonly side: "in" | "out" | "whole";
  /** Nanoseconds since the start of the request. */
  readonly at: number;
}

/** Layers without a place on the way out: what they enclose is told by its own steps. */
export const IN_ONLY: ReadonlySet<Stage> = new Set<Stage>([
  "app_context_push",
  "request_context_push",
  "dispatch",
  "signal",
]);
/** What is left of them when the functions that they call have run. */
const OUT_ONLY: ReadonlySet<Stage> = new Set<Stage>(["request_context_pop", "app_context_pop"]);
/** Steps that contain others in their own place, even if those were only collected. */
const BOXES: ReadonlySet<Stage> = new Set<Stage>(["wsgi", "middleware", "view", "body"]);

type Timed = Pick<Trace, "steps" | "state" | "duration">;

const known = new WeakMap<readonly Step[], { readonly end: number | null; readonly cues: readonly Cue[] }>();

/** The cues of a request in the order of time, and at the end the whole request. */
export function cuesOf({ steps, state, duration }: Timed): readonly Cue[] {
  const end = state === "done" && steps.length > 0 ? Math.max(duration ?? 0, lastOf(steps)) : null;
  const cached = known.get(steps);
  if (cached?.end === end) return cached.cues;
  const cues: Cue[] = inOrder(steps);
  if (end !== null) cues.push({ step: null, side: "out", at: end });
  known.set(steps, { end, cues });
  return cues;
}

function lastOf(steps: readonly Step[]): number {
  return steps.reduce((last, step) => Math.max(last, step.begin, step.end ?? 0), 0);
}

/** Inner steps come after the way into their step and before the way out, also where the clock stood. */
function inOrder(steps: readonly Step[]): Cue[] {
  const children = childrenOf(steps);
  const cues: Cue[] = [];
  const open: { readonly step: Step; readonly inner: readonly Step[]; next: number }[] = [];
  const enter = (step: Step): void => {
    const inner = children.get(step.id) ?? [];
    if (isMetGoingIn(step, inner)) cues.push({ step, side: "in", at: step.begin });
    open.push({ step, inner, next: 0 });
  };
  for (const root of children.get(null) ?? []) {
    enter(root);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const next = top.inner[top.next++];
      if (next !== undefined) {
        enter(next);
        continue;
      }
      open.pop();
      const { step, inner } = top;
      if (step.end !== null && isMetComingOut(step, inner))
        cues.push({ step, side: "out", at: Math.max(step.begin, step.end) });
    }
  }
  return cues.map((cue) => onWire(cue, children)).sort((a, b) => a.at - b.at);
}

/**
 * On Flask before 3.2, the request context is pushed inside which the app context was, and popped before
 * that: its step lasts longer, as it calls the app context's.
 */
function onWire(cue: Cue, children: ReadonlyMap<number | null, readonly Step[]>): Cue {
  const { step } = cue;
  if (step?.stage === "request_context_push") {
    const app = children.get(step.id)?.find(({ stage }) => stage === "app_context_push");
    return app?.end == null ? cue : { ...cue, at: Math.max(cue.at, app.end + 1) };
  }
  if (step?.stage === "request_context_pop" && step.outcome !== "raised") {
    const app = children.get(step.id)?.find(({ stage }) => stage === "app_context_pop");
    return app === undefined ? cue : { ...cue, at: Math.max(step.begin, app.begin - 1) };
  }
  return cue;
}

/** The steps that have a sentence worth hearing, by the step that they ran in. */
function childrenOf(steps: readonly Step[]): ReadonlyMap<number | null, readonly Step[]> {
  const children = new Map<number | null, Step[]>();
  // A parent begins before its child: any other reference could form a cycle.
  const parentOf = (step: Step): number | null => {
    let parent = step.parent;
    while (parent !== null && parent < step.id && !isWorth(steps[parent]))
      parent = parentBefore(steps, parent);
    return parent !== null && parent < step.id && steps[parent] !== undefined ? parent : null;
  };
  for (const step of steps) {
    if (!isWorth(step)) continue;
    const parent = parentOf(step);
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [step]);
    else siblings.push(step);
  }
  return children;
}

function parentBefore(steps: readonly Step[], id: number): number | null {
  const parent = steps[id]?.parent ?? null;
  return parent !== null && parent < id ? parent : null;
}

/** Signals that nobody receives and what a driver does by itself are drawn, but not gone through. */
function isWorth(step: Step | undefined): boolean {
  if (step === undefined) return false;
  const { stage, detail, outcome } = step;
  if (outcome === "raised") return true;
  if (stage === "signal") return Array.isArray(detail["receivers"]) && detail["receivers"].length > 0;
  return stage !== "sql" || (detail["implied_by"] === undefined && detail["kind"] !== "connect");
}

function isMetGoingIn(step: Step, inner: readonly Step[]): boolean {
  if (step.end === null) return true;
  if (inner.length === 0 || OUT_ONLY.has(step.stage)) return false;
  return BOXES.has(step.stage) || inner.some(({ stage }) => !COLLECTED.has(stage) && stage !== "span");
}

function isMetComingOut(step: Step, inner: readonly Step[]): boolean {
  return inner.length === 0 || !IN_ONLY.has(step.stage);
}

/** The position of the last cue at a moment. */
export function cueAt(cues: readonly Cue[], at: number): number {
  let [low, high] = [0, cues.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cues[middle]?.at ?? Infinity) <= at) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** The position of the cue that shows what a step did; if it has none, that of a step around it. */
export function cueOf(trace: Timed, step: number): number | null {
  const cues = cuesOf(trace);
  for (let id: number | null = step; id !== null; id = parentBefore(trace.steps, id)) {
    const isOf = (cue: Cue): boolean => cue.step?.id === id;
    // A layer is drawn where it is entered.
    const isLayer = trace.steps[id]?.stage === "wsgi" || trace.steps[id]?.stage === "middleware";
    const found = isLayer ? cues.findIndex(isOf) : cues.findLastIndex(isOf);
    if (found >= 0) return found;
  }
  return null;
}
