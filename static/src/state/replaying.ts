/** Replay the selected request: pure, from state to state. */

import type { Trace } from "../api/types";
import { cueAt, cueOf, cuesOf } from "../trace/cues";
import { advance, type Replay } from "../trace/replay";
import { current } from "./request";
import { selectStep, setReplay } from "./selection";
import type { State } from "./state";

/** Go to a moment of the request, ns. */
export function seek(state: State, at: number): State {
  const trace = current(state);
  return trace === null ? state : go(state, trace, cueAt(cuesOf(trace), at), at);
}

export function setPace(state: State, pace: Replay["pace"]): State {
  return setReplay(state, { ...replayOf(state), pace });
}

/** Play from the current cue, or from the start; or pause. */
export function togglePlay(state: State): State {
  const trace = current(state);
  if (trace === null) return state;
  const replay = replayOf(state);
  const isOver = replay.cue >= cuesOf(trace).length - 1 && !replay.playing;
  const from = isOver ? { at: 0, cue: 0 } : {};
  return setReplay(state, { ...replay, ...from, playing: !replay.playing });
}

/** Go to the next cue, or to an earlier one; from a whole request, on from its start. */
export function walk(state: State, by: 1 | -1): State {
  const trace = current(state);
  if (trace === null) return state;
  const cues = cuesOf(trace);
  const isWhole = state.replay === null && state.step === null && trace.state === "done";
  const from = isWhole && by > 0 ? -1 : replayOf(state).cue;
  const to = Math.max(0, Math.min(cues.length - 1, from + by));
  return to === from ? state : go(state, trace, to);
}

/** Go to the first cue, or to the last. */
export function seekEnd(state: State, end: "first" | "last"): State {
  const trace = current(state);
  return trace === null ? state : go(state, trace, end === "first" ? 0 : cuesOf(trace).length - 1);
}

/** Pick a step; a replay goes there too, and on the stage there is nothing else to pick it for. */
export function pickStep(state: State, step: number | null): State {
  const trace = current(state);
  const isGone = state.replay !== null || state.stage;
  const cue = trace === null || step === null || !isGone ? null : cueOf(trace, step);
  const next = trace === null || cue === null ? state : go(state, trace, onwards(state, trace, cue, step));
  return state.stage ? next : selectStep(next, step);
}

/** From the current cue on to the next, or back, if a step without a cue is picked that lies there. */
function onwards({ replay }: State, trace: Trace, cue: number, step: number | null): number {
  const cues = cuesOf(trace);
  const id = cues[cue]?.step?.id ?? null;
  if (id === null || step === null || id === step || cue !== replay?.cue) return cue;
  return Math.max(0, Math.min(cues.length - 1, cue + (step > id ? 1 : -1)));
}

/** Replay from the picked step on, if there is one. */
export function replayPicked(state: State): State {
  const trace = current(state);
  if (trace === null || state.step === null || state.replay !== null) return state;
  return go(state, trace, replayOf(state).cue);
}

/** Let the replay go on by some ms. */
export function tick(state: State, ms: number): State {
  if (!state.replay?.playing) return state;
  const trace = current(state);
  if (trace === null) return state;
  const next = advance(state.replay, trace, ms);
  return setReplay(state, trace.state === "running" && next.cue >= cuesOf(trace).length - 1 ? null : next);
}

function go(state: State, trace: Trace, cue: number, at = cuesOf(trace)[cue]?.at ?? 0): State {
  const cues = cuesOf(trace);
  // At its last cue a running request is followed.
  const isLive = trace.state === "running" && cue >= cues.length - 1;
  const next = setReplay(state, isLive ? null : { ...replayOf(state), at, cue, playing: false });
  // A step that is looked at in detail goes along.
  return state.step === null ? next : { ...next, step: cues[cue]?.step?.id ?? state.step };
}

/** The replay, or where one would begin: at the picked step, else at the end. */
export function replayOf(state: State): Replay {
  if (state.replay !== null) return state.replay;
  const trace = current(state);
  const cues = trace === null ? [] : cuesOf(trace);
  const picked = trace === null || state.step === null ? null : cueOf(trace, state.step);
  const cue = picked ?? Math.max(0, cues.length - 1);
  return { at: cues[cue]?.at ?? 0, cue, playing: false, pace: "even steps" };
}
