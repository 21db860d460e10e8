/** Which request and step are shown, and what changes that. */

import type { TraceSummary } from "../api/types";
import { parse } from "../trace/filter";
import type { Replay } from "../trace/replay";
import { byId, indexOf } from "./ordered";
import { isFile } from "../trace/files";
import { sendersOf } from "../trace/links";
import { listed } from "./runs";
import type { State } from "./state";

/** Select the newest request, if new ones are followed. */
export function followNewest(state: State): State {
  if (!state.follow) return state;
  const newest = newestVisible(state);
  if (newest === undefined || newest.id === state.selected) return state;
  return { ...state, selected: newest.id, step: null, missing: null, replay: null };
}

/**
 * The newest request that a person may have asked for: no file, no poll, and no request inside another; nor
 * what the page that is shown asks for while it loads.
 */
function newestVisible(state: State): TraceSummary | undefined {
  const { matches } = parse(state.filter);
  const traces = listed(state);
  const senders = sendersOf(traces.slice(0, RECENT));
  const at = (id: string | null): TraceSummary | undefined => {
    const found = byId(state.traces, id ?? "") ?? byId(state.earlier, id ?? "");
    return found !== undefined && matches(found) ? found : undefined;
  };
  const shown = at(state.selected)?.id;
  const isByItself = ({ background, cause }: TraceSummary): boolean =>
    background === "always" || (background === "loading" && cause === shown);
  return traces.find(
    (trace) =>
      !isFile(trace) &&
      !isByItself(trace) &&
      matches(trace) &&
      at(trace.parent ?? senders.get(trace.id)?.trace ?? null) === undefined,
  );
}

/** Among so many, the newest, a request's sender is looked for. */
const RECENT = 200;

/** Select a request: from now on new ones are no longer followed. */
export function select(state: State, id: string, step: number | null = null): State {
  const left = state.missing === id ? null : state.missing;
  const without = (traces: State["traces"]): State["traces"] =>
    left === null ? traces : traces.filter((trace) => trace.id !== left);
  return {
    ...state,
    traces: without(state.traces),
    earlier: without(state.earlier),
    selected: id,
    step,
    follow: false,
    missing: state.missing === id ? id : null,
    replay: null,
  };
}

/** Select a step, or none: while one is selected, new requests are not followed. */
export function selectStep(state: State, step: number | null): State {
  return { ...state, step, follow: state.follow && step === null };
}

export function setFollow(state: State, follow: boolean): State {
  return followNewest({ ...state, follow });
}

/** Pause the display, or resume it with the current state. */
export function setPaused(state: State, paused: boolean): State {
  if (paused) return { ...state, paused };
  return followNewest({ ...state, ...state.held, paused, held: null });
}

/** The number of requests that arrived while the display is paused. */
export function arrived({ traces, held }: State): number {
  return held === null ? 0 : indexOf(held.traces, traces[0]?.id ?? "");
}

/** Replay the selected request from a moment; null ends the replay. New requests wait in the list. */
export function setReplay(state: State, replay: Replay | null): State {
  return { ...state, replay, ...(replay === null ? {} : { follow: false }) };
}

/** Toggle the folding of a row. */
export function toggleFold(state: State, key: string): State {
  const folds = new Set(state.folds);
  if (!folds.delete(key)) folds.add(key);
  return { ...state, folds };
}
