/** Merge the server's messages into the state. */

import type { Connection } from "../api/live";
import type { Batch, Highlight, Step, Trace, TracePage, TraceSummary } from "../api/types";
import { isFile } from "../trace/files";
import { byId, merge } from "./ordered";
import { isCutOff, isSameRun, leftBehind, listed } from "./runs";
import { followNewest } from "./selection";
import type { Gap, Log, State } from "./state";

/** The limits of traces, and of traces with steps, on a page. */
export const KEPT = 10_000;
const STEPS_KEPT = 100;

/** What has come, displayed or not. */
export function logOf(state: State): Log {
  return state.held ?? state;
}

/** Merge one message of the server; while paused the display does not change. */
export function applyBatch(before: State, batch: Batch, now: number): State {
  const log = logOf(before);
  const grown = grow(ofRun(log, batch, now), batch, now, before.selected);
  // A page that was opened before the restart clears and restores what it has of earlier runs, too.
  const undo = before.undo === null || log.epoch === batch.epoch ? before.undo : leave(before.undo, log, now);
  if (before.paused) return { ...before, undo, held: grown };
  return followNewest({ ...before, ...grown, undo });
}

/** The log of the process that sends: another one has taken the place of the one before it. */
function ofRun(log: Log, { epoch }: Batch, now: number): Log {
  if (log.epoch === null || log.epoch === epoch) return log;
  return { ...log, ...leave(log, log, now), seenAt: new Map(), kept: 0, files: 0, skipped: 0, next: "" };
}

/** Requests that a process leaves behind are of an earlier run. */
function leave<T extends Pick<Log, "traces" | "earlier">>(from: T, log: Log, now: number): T {
  const left = leftBehind({ ...log, traces: from.traces }, now);
  return { ...from, traces: [], earlier: merge(from.earlier, left.toReversed()).slice(0, KEPT) };
}

function grow(log: Log, batch: Batch, now: number, selected: string | null): Log {
  const known = batch.reset ? [] : log.traces;
  const isGone = evicted(batch);
  const stay = known.filter((trace) => trace.id === selected || !isGone(trace));
  const steps = withSteps(log, batch, selected);
  const shown = selected === null ? undefined : byId(known, selected);
  const lost = shown !== undefined && isGone(shown);
  const traces = merge(stay, batch.traces).slice(0, KEPT);
  return {
    epoch: batch.epoch,
    process: isSame(log.process, batch.process) ? log.process : batch.process,
    history: batch.history,
    traces,
    kept: batch.kept,
    files: batch.files,
    steps,
    highlights: withHighlights(log.highlights, batch, steps),
    seenAt: seenAt(batch.reset ? new Map() : log.seenAt, batch, now),
    skipped: (known.length === 0 ? 0 : log.skipped) + batch.skipped,
    evicted: batch.evicted,
    tooLarge: batch.too_large,
    ignored: batch.ignored,
    revision: batch.holds.revision ?? log.revision,
    lostAt: null,
    gaps: [...gap(log, batch, now), ...log.gaps],
    earlier: batch.reset ? apart(log.earlier, traces) : log.earlier,
    next: batch.reset ? "" : log.next,
    missing: lost ? selected : log.missing,
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

function isSame(one: Log["process"], other: Batch["process"]): boolean {
  return one !== null && isSameRun(one, other) && one.several === other.several;
}

/** Those that are not among the others. */
function apart(traces: readonly TraceSummary[], others: readonly TraceSummary[]): readonly TraceSummary[] {
  return traces.filter(({ id }) => byId(others, id) === undefined);
}

function withSteps(log: Log, batch: Batch, selected: string | null): ReadonlyMap<string, readonly Step[]> {
  const steps = new Map(log.steps);
  if (batch.reset) for (const { id } of log.traces) steps.delete(id);
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

/** The time without a connection that this message ends; a restart has a line of its own. */
function gap(log: Log, { epoch, missed }: Batch, now: number): readonly Gap[] {
  if (log.lostAt === null || log.epoch !== epoch) return [];
  return [{ after: listed(log)[0]?.id ?? null, ms: now - log.lostAt, requests: missed ?? 0 }];
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

/** Add a page of requests, which the server kept all the while: of its process, and from the history. */
export function withPage(state: State, page: TracePage): State {
  const log = logOf(state);
  const isOwn = ({ process }: TraceSummary): boolean =>
    log.process !== null && isSameRun(log.process, process);
  const found = page.traces.toReversed().filter((trace) => isNews(log, trace, isOwn(trace)));
  const traces = merge(log.traces, found.filter(isOwn)).slice(0, KEPT);
  const earlier = merge(
    apart(log.earlier, traces),
    found.filter((trace) => !isOwn(trace)),
  );
  const grown = { traces, earlier: earlier.slice(0, Math.max(0, KEPT - traces.length)), next: page.next };
  return state.held === null
    ? followNewest({ ...state, ...grown })
    : { ...state, held: { ...state.held, ...grown } };
}

/** Whether a page has more of a request: what the stream said of it may be newer. */
function isNews({ traces, earlier }: Log, { id, state }: TraceSummary, isOwn: boolean): boolean {
  const known = byId(traces, id) ?? byId(earlier, id);
  return known === undefined ? isOwn || state === "done" : isCutOff(known);
}

/** Where the next page begins, as long as there is one and there is room for it. */
export function olderThan(state: State): string | null {
  const { traces, earlier, next } = logOf(state);
  return traces.length + earlier.length < KEPT ? next : null;
}

/** The connection is there or not. */
export function setConnection(state: State, connection: Connection, now: number): State {
  const lost = connection === "lost" && state.connection !== "connecting";
  const log = logOf(state);
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
