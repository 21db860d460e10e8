/** Replay a finished request: its state at a moment, and the pace. */

import type { Step, Trace } from "../api/types";
import { cuesOf, type Cue } from "./cues";
import { holdAt, whenOf } from "./holds";

export const PACES = ["even steps", "real time"] as const;
export type Pace = (typeof PACES)[number];

export interface Replay {
  /** Nanoseconds since the start of the request. */
  readonly at: number;
  /** The position of the current cue: the last one that was reached. */
  readonly cue: number;
  readonly playing: boolean;
  readonly pace: Pace;
}

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

/** How long to stay between two moments, ms: steps span four decades. */
export function dwell(gap: number, pace: Pace): number {
  if (pace === "real time") return Math.max((gap / 1e6) * SLOWER, 0.001);
  return 120 + 180 * Math.log10(Math.max(gap, 1e4) / 1e4);
}

/** Advance the replay by some ms. */
export function advance(replay: Replay, trace: Trace, ms: number): Replay {
  const cues = cuesOf(trace);
  let { at, cue } = replay;
  let left = ms;
  for (let next = cues[cue + 1]; next !== undefined; next = cues[cue + 1]) {
    const gap = next.at - (cues[cue]?.at ?? 0);
    const whole = dwell(gap, replay.pace);
    const rest = gap <= 0 ? 0 : whole * ((next.at - at) / gap);
    if (left < rest) {
      at += (gap * left) / whole;
      break;
    }
    left -= rest;
    at = Math.max(at, next.at);
    cue += 1;
  }
  return { ...replay, at, cue, playing: replay.playing && cue < cues.length - 1 };
}

/** The current cue: that of the replay; else the picked step's; else, while it runs, where it is. */
export function shownCue(trace: Trace, replay: Replay | null, picked: number | null): Cue | null {
  const cues = cuesOf(trace);
  if (replay !== null) return cues[Math.min(replay.cue, cues.length - 1)] ?? null;
  const step = picked === null ? undefined : trace.steps[picked];
  if (step !== undefined) return { step, side: "whole", at: step.end ?? step.begin };
  return trace.state === "running" ? (heldCue(trace) ?? cues.at(-1) ?? null) : null;
}

/** Where a request is held: also at a step that a replay does not stop at. */
function heldCue(trace: Trace): Cue | null {
  const hold = holdAt(trace);
  const step = hold === null ? undefined : trace.steps[hold.step];
  if (hold === null || step === undefined) return null;
  return { step, side: whenOf(hold, step) === "after" ? "out" : "in", at: hold.begin };
}
