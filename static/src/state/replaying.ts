/** Replay the selected request: pure, from state to state. */

import type { Trace } from "../api/types";
import { advance, moments, neighbour, type Replay } from "../trace/replay";
import { current } from "./request";
import { selectStep, setReplay } from "./selection";
import type { State } from "./state";

/** Go to a moment of the request, ns. */
export function seek(state: State, at: number): State {
  const trace = current(state);
  // At its last moment a running request is followed.
  const live = trace?.state === "running" && at >= lastMoment(trace);
  return setReplay(state, live ? null : { ...replayOf(state), at, playing: false });
}

export function setPace(state: State, pace: Replay["pace"]): State {
  return setReplay(state, { ...replayOf(state), pace });
}

/** Play from the current moment, or from the start; or pause. */
export function togglePlay(state: State): State {
  const trace = current(state);
  if (trace === null) return state;
  const replay = replayOf(state);
  const restart = replay.at >= lastMoment(trace) && !replay.playing;
  return setReplay(state, { ...replay, at: restart ? 0 : replay.at, playing: !replay.playing });
}

/**
 * Go to the next step, or to an earlier one: from the moment of the replay or from the picked step;
 * else on from the start.
 */
export function walk(state: State, by: 1 | -1): State {
  const trace = current(state);
  if (trace === null) return state;
  const first = by > 0 && trace.state === "done" ? -1 : lastMoment(trace);
  return seek(state, neighbour(trace, state.replay?.at ?? beginOf(trace, state.step) ?? first, by));
}

/** Go to the first moment, or to the last. */
export function seekEnd(state: State, end: "first" | "last"): State {
  const trace = current(state);
  return trace === null ? state : seek(state, end === "last" ? lastMoment(trace) : 0);
}

/** Pick a step; a replay goes there too. */
export function pickStep(state: State, step: number | null): State {
  const at = beginOf(current(state), step);
  const { replay } = state;
  return selectStep(
    replay === null || at === null ? state : setReplay(state, { ...replay, at, playing: false }),
    step,
  );
}

/** Let the replay go on by some ms. */
export function tick(state: State, ms: number): State {
  if (!state.replay?.playing) return state;
  const trace = current(state);
  if (trace === null) return state;
  const next = advance(state.replay, trace, ms);
  return setReplay(state, trace.state === "running" && next.at >= lastMoment(trace) ? null : next);
}

/** When a step begins, ns. */
function beginOf(trace: Trace | null, step: number | null): number | null {
  return step === null ? null : (trace?.steps[step]?.begin ?? null);
}

function replayOf(state: State): Replay {
  const trace = current(state);
  return state.replay ?? { at: trace === null ? 0 : lastMoment(trace), playing: false, pace: "by step" };
}

/** The last moment that is known, ns. */
function lastMoment(trace: Trace): number {
  return moments(trace).at(-1) ?? 0;
}
