/** Selectors of one request. */

import type { AppMap, Highlight, Step, Trace, TraceSummary } from "../api/types";
import { isHeld } from "../trace/holds";
import { byId } from "./ordered";
import { isCutOff } from "./runs";
import type { Imported, State } from "./state";

/** A request of the list. */
export function find(state: State, id: string | null): TraceSummary | undefined {
  if (id === null) return undefined;
  const imported = importedOf(state, id);
  if (imported !== undefined) return imported.trace;
  return byId(state.traces, id) ?? byId(state.earlier, id);
}

export function importedOf(state: State, id: string | null): Imported | undefined {
  return state.imported.find(({ trace }) => trace.id === id);
}

/** Whether a request is from a file: no server has more of it. */
export function isFromFile(state: State, id: string | null): boolean {
  return state.recorded !== null || importedOf(state, id) !== undefined;
}

/** The app of a request, if it is known: of several, the panel knows the one that serves it. */
export function appOf(state: State, id: string | null): AppMap | null {
  const imported = importedOf(state, id);
  if (imported !== undefined) return imported.recording.app;
  const trace = find(state, id);
  return trace !== undefined && isOfAnother(state, trace) ? null : state.map;
}

/** Whether a request is of another app than the one that serves the panel. */
export function isOfAnother({ map, recorded }: State, { process }: Pick<TraceSummary, "process">): boolean {
  return recorded === null && map !== null && Boolean(process.app) && process.app !== map.name;
}

type Steps = readonly Step[];
type Highlights = readonly Highlight[];
const NO_STEPS: Steps = [];
const NO_HIGHLIGHTS: Highlights = [];
/** The traces made so far, each with its steps and highlights. */
const traces = new WeakMap<TraceSummary, readonly [Trace, Steps, Highlights]>();

/**
 * The selected request as a whole trace, with the steps received so far. As long as these are the same, so is
 * the trace: what shows it is not drawn again because of other requests.
 */
export function current(state: State): Trace | null {
  const summary = find(state, state.selected);
  if (summary === undefined) return null;
  const whole = importedOf(state, summary.id)?.whole;
  const steps = whole?.steps ?? state.steps.get(summary.id) ?? NO_STEPS;
  const highlights =
    (whole === undefined ? state.highlights.get(summary.id) : whole.highlights) ?? NO_HIGHLIGHTS;
  const [known, ...of] = traces.get(summary) ?? [];
  if (known !== undefined && of[0] === steps && of[1] === highlights) return known;
  const trace = traceOf(summary, steps, highlights);
  traces.set(summary, [trace, steps, highlights]);
  return trace;
}

function traceOf(summary: TraceSummary, steps: Steps, highlights: Highlights): Trace {
  const {
    step_count: _count,
    strip: _strip,
    now: _now,
    elapsed: _elapsed,
    sending: _sending,
    merged: _merged,
    cause: _cause,
    background: _background,
    ...header
  } = summary;
  void [_count, _strip, _now, _elapsed, _sending, _merged, _cause, _background];
  // A hole can only be a step that is still on its way.
  const hole = steps.findIndex((step) => (step as Step | undefined) === undefined);
  return { ...header, steps: hole < 0 ? steps : steps.slice(0, hole), highlights };
}

/** The requests that are held now, the oldest first. */
export function heldRequests(state: State): readonly TraceSummary[] {
  return [...state.seenAt.keys()].sort().flatMap((id) => {
    const trace = find(state, id);
    return trace !== undefined && isHeld(trace) ? [trace] : [];
  });
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
    isCutOff(summary) ||
    state.missing === summary.id ||
    importedOf(state, summary.id) !== undefined
  )
    return null;
  const steps = state.steps.get(summary.id) ?? [];
  const whole =
    steps.length >= summary.step_count && steps.every((step) => (step as Step | undefined)?.end != null);
  return whole ? null : summary.id;
}
/** How many steps of the selected request are here and over, before the first that is not. */
export function ended(state: State): number {
  const steps = state.steps.get(state.selected ?? "") ?? [];
  const at = steps.findIndex((step) => (step as Step | undefined)?.end == null);
  return at < 0 ? steps.length : at;
}
