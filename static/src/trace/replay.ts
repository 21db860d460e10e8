/** Replay a finished request: its state at a moment, and the pace. */

import type { Step, Trace } from "../api/types";

export const PACES = ["by step", "even", "real × 1/100"] as const;
export type Pace = (typeof PACES)[number];

export interface Replay {
  /** Nanoseconds since the start of the request. */
  readonly at: number;
  readonly playing: boolean;
  readonly pace: Pace;
}

const EVEN_MS = 500;
const SLOWER = 100;

/** A request as it was at a moment; its route is known from the start, so that nothing moves. */
export function rewind(trace: Trace, at: number): Trace {
  if (trace.duration !== null && at >= trace.duration) return trace;
  const steps = trace.steps
    .filter((step) => step.begin <= at)
    .map((step) => (step.end !== null && step.end > at ? open(step) : step));
  const answered = steps.some((step) => step.stage === "start_response");
  const raised = trace.error?.step == null ? undefined : trace.steps[trace.error.step];
  return {
    ...trace,
    state: "running",
    steps,
    duration: null,
    status: answered ? trace.status : null,
    error: raised?.end != null && raised.end <= at ? trace.error : null,
  };
}

function open(step: Step): Step {
  return { ...step, end: null, outcome: null, error: null };
}

/** The moments at which a step begins, ns, and the end. */
export function moments(trace: Trace): readonly number[] {
  const all = trace.steps.map((step) => step.begin);
  if (trace.duration !== null) all.push(trace.duration);
  return [...new Set(all)].sort((a, b) => a - b);
}

/** The next or previous moment; the same one if there is none. */
export function neighbour(trace: Trace, at: number, by: 1 | -1): number {
  const all = moments(trace);
  return (by > 0 ? all.find((each) => each > at) : all.findLast((each) => each < at)) ?? at;
}

/** How long to stay between two moments, ms: steps span four decades. */
export function dwell(gap: number, pace: Pace): number {
  if (pace === "even") return EVEN_MS;
  if (pace === "real × 1/100") return Math.max((gap / 1e6) * SLOWER, 0.001);
  return 120 + 180 * Math.log10(Math.max(gap, 1e4) / 1e4);
}

/** Advance the replay by some ms. */
export function advance(replay: Replay, trace: Trace, ms: number): Replay {
  const all = moments(trace);
  const last = all.at(-1) ?? 0;
  let at = replay.at;
  let left = ms;
  while (left > 0 && at < last) {
    const next = all.find((each) => each > at) ?? last;
    const from = all.findLast((each) => each <= at) ?? 0;
    const whole = dwell(next - from, replay.pace);
    const rest = whole * ((next - at) / (next - from));
    if (left < rest) {
      at += ((next - from) * left) / whole;
      left = 0;
    } else {
      at = next;
      left -= rest;
    }
  }
  return { ...replay, at, playing: replay.playing && at < last };
}

/**
 * The step that a moment is about: what begins then, if for no time; the innermost that runs; or the last
 * that ran.
 */
export function stepAt(trace: Trace, at: number): Step | null {
  const begun = trace.steps.filter((step) => step.begin <= at);
  return (
    begun.findLast((step) => step.end === null || step.end > at || step.begin === at) ?? begun.at(-1) ?? null
  );
}

/** The current step: the selected one, unless a replay is at another moment. */
export function shownStep(trace: Trace, replay: Replay | null, picked: number | null): Step | null {
  const step = picked === null ? null : (trace.steps[picked] ?? null);
  return replay === null || step?.begin === replay.at ? step : stepAt(trace, replay.at);
}
