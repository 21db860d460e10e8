/** Merge the server's messages into the state. */

import type { Connection } from "../api/live";
import type { Batch, Highlight, Step, Trace, TracePage, TraceSummary } from "../api/types";
import { isFile } from "../trace/files";
import { indexOf, merge } from "./ordered";
import { followNewest } from "./selection";
import type { Gap, Log, State } from "./state";

/** The limits of traces, and of traces with steps, on a page. */
export const KEPT = 10_000;
const STEPS_KEPT = 100;

/** Merge one message of the server; while paused the display does not change. */
export function applyBatch(before: State, batch: Batch, now: number): State {
  // Another run of the app does not have what was cleared in this one.
  const state = before.undo === null || before.epoch === batch.epoch ? before : { ...before, undo: null };
  if (state.paused) return { ...state, held: grow(state.held ?? state, batch, now, state) };
  return followNewest({ ...state, ...grow(state, batch, now, state) });
}

function grow(log: Log, batch: Batch, now: number, { selected, keep }: State): Log {
  const restarted = log.epoch !== null && log.epoch !== batch.epoch;
  const known = batch.reset || restarted ? [] : log.traces;
  const isGone = evicted(batch);
  const stay = known.filter((trace) => trace.id === selected || !isGone(trace));
  const steps = withSteps(log, batch, restarted ? !keep : batch.reset, selected);
  const shown = selected === null ? undefined : known[indexOf(known, selected)];
  const lost = shown?.id === selected && shown !== undefined && isGone(shown);
  return {
    epoch: batch.epoch,
    process: batch.process,
    traces: merge(stay, batch.traces).slice(0, KEPT),
    kept: batch.kept,
    files: batch.files,
    steps,
    highlights: withHighlights(log.highlights, batch, steps),
    seenAt: seenAt(restarted || batch.reset ? new Map() : log.seenAt, batch, now),
    skipped: (known.length === 0 ? 0 : log.skipped) + batch.skipped,
    evicted: batch.evicted,
    tooLarge: batch.too_large,
    ignored: batch.ignored,
    lostAt: null,
    gaps: [...gap(log, batch, now, restarted), ...(restarted && !keep ? [] : log.gaps)],
    earlier: restarted ? (keep ? [...log.traces, ...log.earlier].slice(0, KEPT) : []) : log.earlier,
    missing: lost ? selected : restarted ? null : log.missing,
  };
}

/** Whether the server no longer keeps a request. */
function evicted({ removed, oldest, oldest_file }: Batch): (trace: TraceSummary) => boolean {
  const ids = new Set(removed);
  const precedes = (id: string, first: string | null): boolean => first === null || id < first;
  return (trace) => {
    if (ids.has(trace.id)) return true;
    const [isOld, isOldFile] = [precedes(trace.id, oldest), precedes(trace.id, oldest_file)];
    // Most are kept, whatever they are.
    return (isOld || isOldFile) && (trace.state === "done" && isFile(trace) ? isOldFile : isOld);
  };
}

function withSteps(
  log: Log,
  batch: Batch,
  anew: boolean,
  selected: string | null,
): ReadonlyMap<string, readonly Step[]> {
  const steps = new Map(anew ? [] : log.steps);
  // Its steps are sent again, or fetched.
  for (const { id, merged, state } of batch.traces)
    if (merged && state === "done" && log.seenAt.has(id)) steps.delete(id);
  for (const part of batch.steps) {
    const merged = mergeSteps(steps.get(part.trace) ?? [], part.steps);
    steps.delete(part.trace);
    steps.set(part.trace, merged);
  }
  return latest(steps, selected);
}

function withHighlights(known: Log["highlights"], batch: Batch, steps: Log["steps"]): Log["highlights"] {
  const highlights = new Map(known);
  for (const part of batch.steps)
    if (part.highlights !== undefined) highlights.set(part.trace, part.highlights);
  return kept(highlights, steps);
}

/** Those of the traces whose steps are here. */
function kept(highlights: Map<string, readonly Highlight[]>, steps: Log["steps"]): Log["highlights"] {
  for (const id of highlights.keys()) if (!steps.has(id)) highlights.delete(id);
  return highlights;
}

function seenAt(known: Log["seenAt"], { removed, traces }: Batch, now: number): Log["seenAt"] {
  const arrivals = new Map(known);
  for (const id of removed) arrivals.delete(id);
  for (const trace of traces) {
    if (trace.state === "running") arrivals.set(trace.id, now);
    else arrivals.delete(trace.id);
  }
  return arrivals;
}

/** The time without a connection that this message ends. */
function gap({ lostAt, traces }: Log, { missed }: Batch, now: number, restarted: boolean): readonly Gap[] {
  if (lostAt === null) return [];
  return [{ after: traces[0]?.id ?? null, ms: now - lostAt, requests: missed ?? 0, restarted }];
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

/** Add the next older requests, which the server kept all the while. */
export function withOlder(state: State, page: TracePage): State {
  const log = state.held ?? state;
  const grown = { traces: merge(log.traces, [...page.traces].reverse()).slice(0, KEPT) };
  return state.held === null ? { ...state, ...grown } : { ...state, held: { ...state.held, ...grown } };
}

/** The oldest request that is here, if older ones are kept. */
export function olderThan(state: State): string | null {
  const here = state.traces.filter((trace) => trace.id !== state.missing);
  return here.length < Math.min(state.kept, KEPT) ? (here.at(-1)?.id ?? null) : null;
}

/** The connection is there or not. */
export function setConnection(state: State, connection: Connection, now: number): State {
  const lost = connection === "lost" && state.connection !== "connecting";
  const log = state.held ?? state;
  const next = lost && log.lostAt === null ? { lostAt: now } : {};
  return { ...state, connection, ...(state.held === null ? next : { held: { ...state.held, ...next } }) };
}

/** Merge steps by id; ended steps replace their running versions. */
export function mergeSteps(known: readonly Step[], more: readonly Step[]): readonly Step[] {
  const merged = [...known];
  for (const step of more) merged[step.id] = step;
  return merged;
}

export function withTrace(state: State, trace: Trace): State {
  const steps = latest(new Map(state.steps).set(trace.id, trace.steps), state.selected);
  const highlights = new Map(state.highlights).set(trace.id, trace.highlights ?? []);
  return { ...state, steps, highlights: kept(highlights, steps) };
}
