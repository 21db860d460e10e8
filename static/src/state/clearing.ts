/** Clear the list, and restore what was cleared. */

import type { Batch } from "../api/types";
import { merge } from "./ordered";
import { EMPTY, type Cleared, type State } from "./state";

/** How long what was cleared can be brought back, ms; the server keeps it for longer. */
export const UNDO_TIME = 30_000;

/** Clear all requests, and nothing else. */
export function cleared(state: State): State {
  if (isEmpty(state)) return state;
  const { epoch, process, history } = state.held ?? state;
  const { connection, map, stage, filter, grouped, mine, view, app, keys, talk } = state;
  const kept = {
    connection,
    epoch,
    process,
    history,
    map,
    stage,
    filter,
    grouped,
    mine,
    view,
    app,
    keys,
    talk,
  };
  // Cleared twice, both come back.
  const undo = snapshot(state.undo === null ? state : restored(state));
  return { ...EMPTY, ...kept, next: null, undo };
}

/** A message without what has just been cleared, which the server may send until it has cleared it, too. */
export function withoutCleared(batch: Batch, undo: Cleared | null): Batch {
  if (undo === null) return batch;
  const gone = new Set([...undo.traces, ...undo.earlier].map(({ id }) => id));
  return { ...batch, traces: batch.traces.filter(({ id }) => !gone.has(id)) };
}

function isEmpty({ traces, imported, earlier, gaps, held }: State): boolean {
  return [traces, imported, earlier, gaps, held?.traces ?? []].every((each) => each.length === 0);
}

function snapshot(state: State): Cleared {
  const { traces, steps, gaps, earlier, next } = state.held ?? state;
  const { imported, folds, selected, step, follow } = state;
  return { traces, steps, gaps, earlier, next, imported, folds, selected, step, follow };
}

/** Bring back what was cleared, among what came since. */
export function restored(state: State): State {
  const { undo } = state;
  if (undo === null) return state;
  return {
    ...state,
    ...undo,
    undo: null,
    traces: merge(undo.traces, state.traces.toReversed()),
    kept: state.kept + undo.traces.length,
    steps: new Map([...undo.steps, ...state.steps]),
    gaps: [...state.gaps, ...undo.gaps],
    earlier: merge(undo.earlier, state.earlier.toReversed()),
    imported: [...state.imported, ...undo.imported],
  };
}
