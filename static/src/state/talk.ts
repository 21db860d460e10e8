/** A talk: prepared requests, gone through one after the other: pure. */

import type { TraceSummary } from "../api/types";
import { seekEnd, walk } from "./replaying";
import { find } from "./request";
import { select } from "./selection";
import type { State } from "./state";

/** The prepared requests that are still here. */
export function preparedOf(state: State): readonly TraceSummary[] {
  return state.talk.flatMap((id) => find(state, id) ?? []);
}

/** The position of the selected request among the prepared ones; -1 if it is none of them. */
export function positionOf(state: State): number {
  return preparedOf(state).findIndex(({ id }) => id === state.selected);
}

/** The prepared request after the selected one, or before it. */
export function otherRequest(state: State, by: 1 | -1): TraceSummary | undefined {
  const prepared = preparedOf(state);
  const at = positionOf(state);
  return at < 0 ? (by > 0 ? prepared[0] : undefined) : prepared[at + by];
}

/** Go to another prepared request: forwards to its first moment, backwards to its last. */
export function goToRequest(state: State, by: 1 | -1): State {
  const other = otherRequest(state, by);
  if (other === undefined) return state;
  const next = select(state, other.id);
  return by > 0 ? seekEnd(next, "first") : next;
}

/** One press of a clicker: from the end of a request on to the next one, from its start to the one before. */
export function walkTalk(state: State, by: 1 | -1): State {
  if (state.black) return { ...state, black: false };
  const next = walk(state, by);
  return next === state ? goToRequest(state, by) : next;
}
