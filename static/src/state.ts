/** One pure state, and what can happen to it. */

import { parse } from "./filter";
import type { Replay } from "./replay/replay";
import type { AppMap, Batch, Step, Trace, TraceSummary } from "./types";

export type Connection = "connecting" | "live" | "polling" | "lost";

export interface State {
  readonly connection: Connection;
  readonly epoch: string | null;
  /** Newest first. */
  readonly traces: readonly TraceSummary[];
  /** Steps of the traces that were looked at. */
  readonly steps: ReadonlyMap<string, readonly Step[]>;
  /** When a running trace's summary came, in ms of the page's own clock. */
  readonly seenAt: ReadonlyMap<string, number>;
  readonly map: AppMap | null;
  /** The process that this is all from. */
  readonly process: Batch["process"] | null;
  readonly selected: string | null;
  readonly step: number | null;
  readonly follow: boolean;
  readonly paused: boolean;
  /** Batches that came while the screen was held. */
  readonly held: readonly Batch[];
  readonly skipped: number;
  readonly evicted: number;
  /** A selected trace that the server no longer keeps. */
  readonly missing: string | null;
  /** What the list is narrowed to. */
  readonly filter: string;
  /** Where a request is gone through again. */
  readonly replay: Replay | null;
  /** Shown to a room: the diagram and a caption, and nothing else. */
  readonly stage: boolean;
  /** The name of the view in the main area. */
  readonly view: string;
  readonly help: boolean;
  /** Whether single keys do something (WCAG 2.1.4). */
  readonly keys: boolean;
  /** Whether the diagram is seen from near, at the step it is about. */
  readonly near: boolean;
}

export const KEPT = 500;

export const EMPTY: State = {
  connection: "connecting",
  epoch: null,
  traces: [],
  steps: new Map(),
  seenAt: new Map(),
  map: null,
  process: null,
  selected: null,
  step: null,
  follow: true,
  paused: false,
  held: [],
  skipped: 0,
  evicted: 0,
  missing: null,
  filter: "",
  replay: null,
  stage: false,
  view: "diagram",
  help: false,
  keys: true,
  near: false,
};

/** Take in one message of the server's; while paused it waits. */
export function applyBatch(state: State, batch: Batch, now: number): State {
  if (state.paused) return { ...state, held: [...state.held, batch] };

  const fresh = batch.reset || (state.epoch !== null && state.epoch !== batch.epoch);
  const kept = new Map(fresh ? [] : state.traces.map((trace) => [trace.id, trace]));
  const steps = new Map(fresh ? [] : state.steps);
  const seenAt = new Map(fresh ? [] : state.seenAt);

  for (const id of batch.removed) {
    if (id === state.selected) continue;
    kept.delete(id);
    steps.delete(id);
    seenAt.delete(id);
  }
  for (const trace of batch.traces) {
    kept.set(trace.id, trace);
    seenAt.set(trace.id, now);
  }
  for (const part of batch.steps) steps.set(part.trace, mergeSteps(steps.get(part.trace) ?? [], part.steps));

  const traces = [...kept.values()].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, KEPT);
  const newest = traces.find(parse(state.filter).matches);
  const gone = batch.removed.includes(state.selected ?? "") ? state.selected : state.missing;
  const follows = state.follow && newest !== undefined && newest.id !== state.selected;
  return {
    ...state,
    epoch: batch.epoch,
    process: batch.process,
    traces,
    steps,
    seenAt,
    skipped: (fresh ? 0 : state.skipped) + batch.skipped,
    evicted: batch.evicted,
    missing: fresh ? null : gone,
    ...(follows ? { selected: newest.id, step: null, missing: null, replay: null } : {}),
  };
}

/** Put steps in their places by id; those that ended replace their running selves. */
export function mergeSteps(known: readonly Step[], more: readonly Step[]): readonly Step[] {
  const merged = [...known];
  for (const step of more) merged[step.id] = step;
  return merged;
}

export function withTrace(state: State, trace: Trace): State {
  const steps = new Map(state.steps);
  steps.set(trace.id, trace.steps);
  return { ...state, steps };
}

/** Pick a request: from now on new ones no longer take the screen. */
export function select(state: State, id: string, step: number | null = null): State {
  return { ...state, selected: id, step, follow: false, missing: null, replay: null };
}

export function selectStep(state: State, step: number | null): State {
  return { ...state, step };
}

/** The requests that the filter lets through, newest first. */
export function listed(state: State): readonly TraceSummary[] {
  return state.filter === "" ? state.traces : state.traces.filter(parse(state.filter).matches);
}

export function setFollow(state: State, follow: boolean): State {
  const newest = listed(state)[0];
  return { ...state, follow, ...(follow && newest ? { selected: newest.id, step: null, missing: null, replay: null } : {}) };
}

/** Hold the screen, or let it go on with what came in the meantime. */
export function setPaused(state: State, paused: boolean, now: number): State {
  if (paused) return { ...state, paused };
  return state.held.reduce((next, batch) => applyBatch(next, batch, now), { ...state, paused: false, held: [] as readonly Batch[] } as State);
}

export function cleared(state: State): State {
  return { ...EMPTY, connection: state.connection, epoch: state.epoch, process: state.process, map: state.map, stage: state.stage, filter: state.filter, view: state.view, keys: state.keys };
}

/** The selected request as a whole trace, as far as its steps are here. */
export function current(state: State): Trace | null {
  const summary = state.traces.find((trace) => trace.id === state.selected);
  if (summary === undefined) return null;
  const { step_count: _count, strip: _strip, now: _now, elapsed: _elapsed, ...header } = summary;
  void [_count, _strip, _now, _elapsed];
  const steps = state.steps.get(summary.id) ?? [];
  // A hole can only be a step that is still on its way.
  const hole = steps.findIndex((step) => (step as Step | undefined) === undefined);
  return { ...header, steps: hole < 0 ? steps : steps.slice(0, hole) };
}

/** Nanoseconds since the start of a request, now. */
export function elapsed(state: State, id: string, now: number): number {
  const summary = state.traces.find((trace) => trace.id === id);
  if (summary === undefined) return 0;
  if (summary.state === "done") return summary.duration ?? summary.elapsed;
  return summary.elapsed + Math.max(0, now - (state.seenAt.get(id) ?? now)) * 1e6;
}

/** Whether the steps of the selected, finished request are still to be fetched. */
export function lacksSteps(state: State): string | null {
  const summary = state.traces.find((trace) => trace.id === state.selected);
  if (summary?.state !== "done" || state.missing === summary.id) return null;
  const steps = state.steps.get(summary.id) ?? [];
  const whole = steps.length >= summary.step_count && steps.every((step) => (step as Step | undefined)?.end != null);
  return whole ? null : summary.id;
}

/** Go through the selected request again, from a moment on; null ends that. New ones wait in the list. */
export function setReplay(state: State, replay: Replay | null): State {
  return { ...state, replay, ...(replay === null ? {} : { follow: false }) };
}

/** How many steps of the selected request are here and over, before the first that is not. */
export function ended(state: State): number {
  const steps = state.steps.get(state.selected ?? "") ?? [];
  const at = steps.findIndex((step) => (step as Step | undefined)?.end == null);
  return at < 0 ? steps.length : at;
}
