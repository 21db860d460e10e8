/** Merge the server's messages into the state. */

import type { Connection } from "../api/live";
import type { Batch, Highlight, Oldest, Step, Trace, TracePage, TraceSummary } from "../api/types";
import { isFile } from "../trace/files";
import { isSameRun, type Run } from "../trace/run";
import { byId, interleave, merge } from "./ordered";
import { isCutOff, leftBehind, listed } from "./runs";
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
  const left = leave(log, log, now);
  return { ...log, ...left, others: [], seenAt: new Map(), kept: 0, files: 0, skipped: 0, next: "" };
}

/**
 * Requests that a process leaves behind are of an earlier run. Those of others are cut off as well, until
 * the next process sends them again.
 */
function leave<T extends Pick<Log, "traces" | "earlier">>(from: T, log: Log, now: number): T {
  const all = interleave(from.traces, from.earlier);
  return { ...from, traces: [], earlier: leftBehind(log, all, now).slice(0, KEPT) };
}

/**
 * Put each request on its side: of the process that sends from now on, or of others. What ran in the one that
 * sent before is cut off, as that may have died, unless it is known to live; it comes again if it does.
 */
function sorted(log: Log, { process, others }: Batch, now: number): Log {
  const before = log.process;
  if (before === null || isSameRun(before, process)) return log;
  const lives = others.some((run) => isSameRun(run, before));
  const all = interleave(lives ? log.traces : leftBehind(log, log.traces, now), log.earlier);
  const isOwn = ({ process: of }: TraceSummary): boolean => isSameRun(process, of);
  return { ...log, traces: all.filter(isOwn), earlier: all.filter((trace) => !isOwn(trace)) };
}

function grow(from: Log, batch: Batch, now: number, selected: string | null): Log {
  const log = sorted(from, batch, now);
  const known = batch.reset ? [] : log.traces;
  const [isGone, isForgotten] = [evicted(batch), forgotten(log, batch)];
  const stay = known.filter((trace) => trace.id === selected || !isGone(trace));
  const remembered = log.earlier.filter((trace) => trace.id === selected || !isForgotten(trace));
  const steps = withSteps(log, batch, selected);
  const lost = selected !== null && isLost(selected, known, log.earlier, batch, isGone, isForgotten);
  const isOwn = ({ process }: TraceSummary): boolean => isSameRun(batch.process, process);
  const traces = merge(stay, batch.traces.filter(isOwn)).slice(0, KEPT);
  // What has ended meanwhile is fetched.
  const before = batch.reset ? leftBehind(log, apart(remembered, traces), now) : remembered;
  const earlier = withOthers(before, batch, selected, isOwn);
  const { others } = batch;
  return {
    epoch: batch.epoch,
    process: isSame(log.process, batch.process) ? log.process : batch.process,
    others: isSameList(log.others, others) ? log.others : others,
    position: batch.position ?? null,
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
    gaps: gaps(log, batch, now, traces.at(-1), earlier.at(-1)),
    earlier: earlier.slice(0, Math.max(0, KEPT - traces.length)),
    next: batch.reset ? "" : log.next,
    missing: lost ? selected : log.missing,
  };
}

/** The requests of other processes, with what a message says of them. */
function withOthers(
  earlier: readonly TraceSummary[],
  { traces, removed }: Batch,
  selected: string | null,
  isOwn: (trace: TraceSummary) => boolean,
): readonly TraceSummary[] {
  const news = traces.filter((trace) => !isOwn(trace));
  const gone = new Set(removed);
  // No process has what was cut off: that it is gone says nothing new.
  const stays = (trace: TraceSummary): boolean =>
    !gone.has(trace.id) || trace.id === selected || isCutOff(trace);
  const stay = earlier.every(stays) ? earlier : earlier.filter(stays);
  return news.length === 0 ? stay : merge(stay, news);
}

/** Whether the server no longer keeps the selected request. */
function isLost(
  selected: string,
  known: readonly TraceSummary[],
  earlier: readonly TraceSummary[],
  { removed }: Batch,
  isGone: (trace: TraceSummary) => boolean,
  isForgotten: (trace: TraceSummary) => boolean,
): boolean {
  const [own, other] = [byId(known, selected), byId(earlier, selected)];
  if (own !== undefined) return isGone(own);
  return other !== undefined && (removed.includes(selected) || isForgotten(other));
}

function isSameList(one: readonly Run[], other: readonly Run[]): boolean {
  return one.length === other.length && one.every((run, index) => isSameRun(run, other[index] ?? run));
}

/** Whether nobody keeps a request of the process that sends: it is not in its memory, nor in the history. */
function evicted(batch: Batch): (trace: TraceSummary) => boolean {
  const ids = new Set(batch.removed);
  const [isLeft, isForgotten] = [isBefore(batch), forgottenBy(batch)];
  return (trace) => ids.has(trace.id) || (isLeft(trace) && (isForgotten?.(trace) ?? true));
}

/** Whether the history has evicted a request of another process, or somebody has cleared it. */
function forgotten(log: Log, batch: Batch): (trace: TraceSummary) => boolean {
  const isForgotten = forgottenBy(batch);
  // What was running when its process was killed has never been there.
  const had = log.history?.kept ?? { oldest: null, oldest_file: null };
  const wasEmpty = had.oldest === null && had.oldest_file === null;
  return (trace) => !wasEmpty && trace.state === "done" && (isForgotten?.(trace) ?? false);
}

/** Whether the history no longer has a request; null where there is none that can be read and written. */
function forgottenBy({ history }: Batch): ((trace: TraceSummary) => boolean) | null {
  return history?.problem === null && history.kept !== null ? isBefore(history.kept) : null;
}

/** Whether a request is older than all that are kept of its kind. */
function isBefore({ oldest, oldest_file }: Oldest): (trace: TraceSummary) => boolean {
  const precedes = (id: string, first: string | null): boolean => first === null || id < first;
  return (trace) => {
    const [isOld, isOldFile] = [precedes(trace.id, oldest), precedes(trace.id, oldest_file)];
    // Most are kept, whatever they are.
    return (isOld || isOldFile) && (trace.state === "done" && isFile(trace) ? isOldFile : isOld);
  };
}

function isSame(one: Log["process"], other: Batch["process"]): boolean {
  return (
    one !== null && isSameRun(one, other) && one.several === other.several && one.shared === other.shared
  );
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

/** The times without a connection that have requests below them. */
function gaps(log: Log, batch: Batch, now: number, ...oldest: (TraceSummary | undefined)[]): Log["gaps"] {
  const all = [...gap(log, batch, now), ...log.gaps];
  return all.filter(({ after }) => after === null || oldest.some((trace) => trace && trace.id <= after));
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
  if (known === undefined) return isOwn || state === "done";
  return isCutOff(known) || (!isOwn && known.state === "running" && state === "done");
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
function mergeSteps(known: readonly Step[], more: readonly Step[]): readonly Step[] {
  const merged = [...known];
  for (const step of more) merged[step.id] = step;
  return merged;
}

export function withTrace(state: State, trace: Trace): State {
  const steps = latest(new Map(state.steps).set(trace.id, trace.steps), state.selected);
  const highlights = new Map(state.highlights).set(trace.id, trace.highlights ?? []);
  return { ...state, steps, highlights: kept(highlights, steps) };
}
