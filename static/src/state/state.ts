/** One pure state, and what can happen to it. */

import { parse } from "./filter";
import type { Replay } from "./replay/replay";
import type { AppMap, Batch, Step, Trace, TracePage, TraceSummary } from "./types";

export type Connection = "connecting" | "live" | "polling" | "lost";

/** What came of one process of the app. */
export interface Log {
  readonly epoch: string | null;
  /** The process that this is all from. */
  readonly process: Batch["process"] | null;
  /** Newest first, and without holes. */
  readonly traces: readonly TraceSummary[];
  /** How many of them the server keeps, those that are not here included. */
  readonly kept: number;
  /** Steps of the traces that were looked at last. */
  readonly steps: ReadonlyMap<string, readonly Step[]>;
  /** When a running trace's summary came, in ms of the page's own clock. */
  readonly seenAt: ReadonlyMap<string, number>;
  readonly skipped: number;
  readonly evicted: number;
  readonly tooLarge: number;
  readonly ignored: number;
  /** When the connection was lost, in ms of the page's own clock. */
  readonly lostAt: number | null;
  readonly gaps: readonly Gap[];
  /** What came of processes before this one, newest first. */
  readonly earlier: readonly TraceSummary[];
  /** A selected trace that the server no longer keeps. */
  readonly missing: string | null;
}

/** A time without a connection. */
export interface Gap {
  /** The newest trace before it. */
  readonly after: string | null;
  /** How long it was, ms. */
  readonly ms: number;
  /** How many requests came in it. */
  readonly requests: number;
  /** Whether the app was started anew in it. */
  readonly restarted: boolean;
}

/** A request from a file. */
export interface Imported {
  readonly file: string;
  /** What the list shows of it, under an id that no request of the server's has. */
  readonly trace: TraceSummary;
  /** All of it, as it stood in the file. */
  readonly whole: Trace;
  /** The newest request that was here before it. */
  readonly after: string | null;
}

/** What the App view is asked for. */
export interface Asked {
  readonly part: "rules" | "about";
  /** The picked rule, by its name in the address; null: the likeliest. */
  readonly rule: string | null;
  readonly method: string;
  /** A path to try, or words. */
  readonly path: string;
  /** Only the rules that were never asked for. */
  readonly never: boolean;
}

export interface State extends Log {
  readonly connection: Connection;
  readonly map: AppMap | null;
  readonly selected: string | null;
  readonly step: number | null;
  readonly follow: boolean;
  readonly paused: boolean;
  /** What is there by now, while the screen is held. */
  readonly held: Log | null;
  /** Whether requests stay in the list when the app is started anew. */
  readonly keep: boolean;
  /** Newest first. */
  readonly imported: readonly Imported[];
  /** What went wrong with what the user asked for. */
  readonly notice: string | null;
  /** What the list is narrowed to. */
  readonly filter: string;
  /** Whether requests stand under what caused them. */
  readonly grouped: boolean;
  /** What was folded of what is open at first, and unfolded of what is not. */
  readonly folds: ReadonlySet<string>;
  /** Where a request is gone through again. */
  readonly replay: Replay | null;
  /** Shown to a room: the diagram and a caption, and nothing else. */
  readonly stage: boolean;
  /** The name of the view in the main area. */
  readonly view: string;
  readonly app: Asked;
  readonly help: boolean;
  /** Whether single keys do something (WCAG 2.1.4). */
  readonly keys: boolean;
  /** Whether the diagram is seen from near, at the step it is about. */
  readonly near: boolean;
}

/** More traces, and steps of more of them, than a page should hold. */
export const KEPT = 10_000;
const STEPS_KEPT = 100;

export const EMPTY: State = {
  connection: "connecting",
  epoch: null,
  process: null,
  traces: [],
  kept: 0,
  steps: new Map(),
  seenAt: new Map(),
  skipped: 0,
  evicted: 0,
  tooLarge: 0,
  ignored: 0,
  lostAt: null,
  gaps: [],
  earlier: [],
  missing: null,
  map: null,
  selected: null,
  step: null,
  follow: true,
  paused: false,
  held: null,
  keep: false,
  imported: [],
  notice: null,
  filter: "",
  grouped: true,
  folds: new Set(),
  replay: null,
  stage: false,
  view: "diagram",
  app: { part: "rules", rule: null, method: "GET", path: "", never: false },
  help: false,
  keys: true,
  near: false,
};

/** Take in one message of the server's; while paused the screen stays as it is. */
export function applyBatch(state: State, batch: Batch, now: number): State {
  if (state.paused) return { ...state, held: taken(state.held ?? state, batch, now, state) };
  return followed({ ...state, ...taken(state, batch, now, state) });
}

function taken(log: Log, batch: Batch, now: number, { selected, keep }: State): Log {
  const restarted = log.epoch !== null && log.epoch !== batch.epoch;
  const known = batch.reset || restarted ? [] : log.traces;
  const removed = new Set(batch.removed);
  const gone = (id: string): boolean => removed.has(id) || batch.oldest === null || id < batch.oldest;
  const stays =
    known.length === 0 || (removed.size === 0 && !gone(known.at(-1)?.id ?? ""))
      ? known
      : known.filter(({ id }) => id === selected || !gone(id));

  const steps = new Map((restarted ? !keep : batch.reset) ? [] : log.steps);
  const seenAt = new Map(restarted || batch.reset ? [] : log.seenAt);
  for (const id of batch.removed) seenAt.delete(id);
  // Its steps are sent once more, or fetched.
  for (const trace of batch.traces)
    if (trace.merged && trace.state === "done" && seenAt.has(trace.id)) steps.delete(trace.id);
  for (const part of batch.steps) {
    const merged = mergeSteps(steps.get(part.trace) ?? [], part.steps);
    steps.delete(part.trace);
    steps.set(part.trace, merged);
  }
  for (const trace of batch.traces) {
    if (trace.state === "running") seenAt.set(trace.id, now);
    else seenAt.delete(trace.id);
  }

  const cut =
    log.lostAt === null
      ? []
      : [{ after: log.traces[0]?.id ?? null, ms: now - log.lostAt, requests: batch.missed ?? 0, restarted }];
  return {
    epoch: batch.epoch,
    process: batch.process,
    traces: put(stays, batch.traces).slice(0, KEPT),
    kept: batch.kept,
    steps: latest(steps, selected),
    seenAt,
    skipped: (known.length === 0 ? 0 : log.skipped) + batch.skipped,
    evicted: batch.evicted,
    tooLarge: batch.too_large,
    ignored: batch.ignored,
    lostAt: null,
    gaps: [...cut, ...(restarted && !keep ? [] : log.gaps)],
    earlier:
      restarted && keep ? [...log.traces, ...log.earlier].slice(0, KEPT) : restarted ? [] : log.earlier,
    missing:
      selected !== null && gone(selected) && known.some(({ id }) => id === selected)
        ? selected
        : restarted
          ? null
          : log.missing,
  };
}

/** Put traces, oldest first, in their places among others, newest first. */
function put(known: readonly TraceSummary[], more: readonly TraceSummary[]): readonly TraceSummary[] {
  const all = [...known];
  const fresh: TraceSummary[] = [];
  for (const trace of more) {
    const at = placeOf(known, trace.id);
    if (known[at]?.id === trace.id) all[at] = trace;
    else fresh.push(trace);
  }
  if (fresh.length === 0) return all;
  const merged = [...fresh.reverse(), ...all];
  const ordered = (fresh.at(-1)?.id ?? "") > (all[0]?.id ?? "");
  return ordered && isOrdered(fresh) ? merged : merged.sort((a, b) => (a.id < b.id ? 1 : -1));
}

function isOrdered(traces: readonly TraceSummary[]): boolean {
  return traces.every((trace, index) => index === 0 || trace.id < (traces[index - 1]?.id ?? ""));
}

/** Where this trace stands, or would stand, in a list that has the newest first. */
function placeOf(traces: readonly TraceSummary[], id: string): number {
  let [low, high] = [0, traces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((traces[middle]?.id ?? "") > id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function latest(
  steps: Map<string, readonly Step[]>,
  selected: string | null,
): ReadonlyMap<string, readonly Step[]> {
  for (const id of steps.keys()) {
    if (steps.size <= STEPS_KEPT) break;
    if (id !== selected) steps.delete(id);
  }
  return steps;
}

/** Go to the newest request, if that is what is wanted. */
function followed(state: State): State {
  if (!state.follow) return state;
  const shown = listed(state);
  // What is requested inside a request stands in its diagram.
  const isInside = ({ parent }: TraceSummary): boolean =>
    parent !== null && shown.some(({ id }) => id === parent);
  const newest = shown.find((trace) => !isStatic(trace) && !isInside(trace)) ?? shown[0];
  if (newest === undefined || newest.id === state.selected) return state;
  return { ...state, selected: newest.id, step: null, missing: null, replay: null };
}

/** A static file: it is not what one waits for, where there is anything else. */
export function isStatic(trace: TraceSummary): boolean {
  return trace.endpoint === "static" || (trace.endpoint?.endsWith(".static") ?? false);
}

/** A request of the list, of this process or of one before it. */
export function find(state: State, id: string | null): TraceSummary | undefined {
  if (id === null) return undefined;
  const imported = importedOf(state, id);
  if (imported !== undefined) return imported.trace;
  const known = state.traces[placeOf(state.traces, id)];
  return known?.id === id ? known : state.earlier.find((trace) => trace.id === id);
}

export function importedOf(state: State, id: string | null): Imported | undefined {
  return state.imported.find(({ trace }) => trace.id === id);
}

/** Add the next older requests, which the server kept all the while. */
export function withOlder(state: State, page: TracePage): State {
  const log = state.held ?? state;
  const grown = { traces: put(log.traces, [...page.traces].reverse()).slice(0, KEPT) };
  return state.held === null ? { ...state, ...grown } : { ...state, held: { ...state.held, ...grown } };
}

/** The oldest request that is here, if older ones are kept. */
export function olderThan(state: State): string | null {
  const here = state.traces.filter((trace) => trace.id !== state.missing);
  return here.length < Math.min(state.kept, KEPT) ? (here.at(-1)?.id ?? null) : null;
}

/** Whether any of these is another in the one than in the other. */
export function differ<T>(one: T, other: T, ...names: readonly (keyof T)[]): boolean {
  return names.some((name) => one[name] !== other[name]);
}

/** The connection is there or not. */
export function setConnection(state: State, connection: Connection, now: number): State {
  const lost = connection === "lost" && state.connection !== "connecting";
  const log = state.held ?? state;
  const next = lost && log.lostAt === null ? { lostAt: now } : {};
  return { ...state, connection, ...(state.held === null ? next : { held: { ...state.held, ...next } }) };
}

/** Put steps in their places by id; those that ended replace their running selves. */
export function mergeSteps(known: readonly Step[], more: readonly Step[]): readonly Step[] {
  const merged = [...known];
  for (const step of more) merged[step.id] = step;
  return merged;
}

export function withTrace(state: State, trace: Trace): State {
  return { ...state, steps: latest(new Map(state.steps).set(trace.id, trace.steps), state.selected) };
}

/** Pick a request: from now on new ones no longer take the screen. */
export function select(state: State, id: string, step: number | null = null): State {
  const traces =
    state.missing === null || state.missing === id
      ? state.traces
      : state.traces.filter((trace) => trace.id !== state.missing);
  return {
    ...state,
    traces,
    selected: id,
    step,
    follow: false,
    missing: state.missing === id ? id : null,
    replay: null,
  };
}

/** Fold what is open, or unfold it. */
export function toggleFold(state: State, key: string): State {
  const folds = new Set(state.folds);
  if (!folds.delete(key)) folds.add(key);
  return { ...state, folds };
}

/** Pick a step, or none: while one is looked at, new requests do not take the screen. */
export function selectStep(state: State, step: number | null): State {
  return { ...state, step, follow: state.follow && step === null };
}

/** The requests that the filter lets through, newest first. */
export function listed(state: State): readonly TraceSummary[] {
  if (filtered.of !== state.traces || filtered.by !== state.filter) {
    filtered = {
      of: state.traces,
      by: state.filter,
      traces: state.filter === "" ? state.traces : state.traces.filter(parse(state.filter).matches),
    };
  }
  return filtered.traces;
}

let filtered: {
  readonly of: readonly TraceSummary[];
  readonly by: string;
  readonly traces: readonly TraceSummary[];
} = { of: [], by: "", traces: [] };

export function setFollow(state: State, follow: boolean): State {
  return followed({ ...state, follow });
}

/** Hold the screen, or let it go on with what is there by now. */
export function setPaused(state: State, paused: boolean): State {
  if (paused) return { ...state, paused };
  return followed({ ...state, ...state.held, paused, held: null });
}

/** How many requests are newer than what is on a held screen. */
export function arrived({ traces, held }: State): number {
  return held === null ? 0 : placeOf(held.traces, traces[0]?.id ?? "");
}

/** Forget all requests, and nothing else. */
export function cleared(state: State): State {
  const { connection, epoch, process, map, keep, stage, filter, grouped, view, app, keys } = state;
  return { ...EMPTY, connection, epoch, process, map, keep, stage, filter, grouped, view, app, keys };
}

/** The selected request as a whole trace, as far as its steps are here. */
export function current(state: State): Trace | null {
  const summary = find(state, state.selected);
  if (summary === undefined) return null;
  const {
    step_count: _count,
    strip: _strip,
    now: _now,
    elapsed: _elapsed,
    sending: _sending,
    merged: _merged,
    cause: _cause,
    ...header
  } = summary;
  void [_count, _strip, _now, _elapsed, _sending, _merged, _cause];
  const steps = importedOf(state, summary.id)?.whole.steps ?? state.steps.get(summary.id) ?? [];
  // A hole can only be a step that is still on its way.
  const hole = steps.findIndex((step) => (step as Step | undefined) === undefined);
  return { ...header, steps: hole < 0 ? steps : steps.slice(0, hole) };
}

/** Nanoseconds since the start of a request, now. */
export function elapsed(state: State, id: string, now: number): number {
  const summary = find(state, id);
  if (summary === undefined) return 0;
  if (summary.state === "done") return summary.duration ?? summary.elapsed;
  return summary.elapsed + Math.max(0, now - (state.seenAt.get(id) ?? now)) * 1e6;
}

/** The app's own time of a request, so far, in nanoseconds. */
export function appTime(state: State, id: string, now: number): number {
  const summary = find(state, id);
  if (summary === undefined) return 0;
  const { app_time, sending } = summary;
  const lasted = elapsed(state, id, now);
  if (app_time === null) return lasted;
  return summary.state === "done" || sending ? app_time : app_time + lasted - summary.elapsed;
}

/** Whether the steps of the selected, finished request are still to be fetched. */
export function lacksSteps(state: State): string | null {
  const summary = find(state, state.selected);
  if (
    summary?.state !== "done" ||
    state.missing === summary.id ||
    importedOf(state, summary.id) !== undefined
  )
    return null;
  const steps = state.steps.get(summary.id) ?? [];
  const whole =
    steps.length >= summary.step_count && steps.every((step) => (step as Step | undefined)?.end != null);
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
