/** How many requests are held: a click shows the next of them. */

import type { JSX } from "preact";

import { actions } from "../state/actions";
import { heldRequests } from "../state/request";
import { state } from "../state/store";
import { heldCount } from "./store";

export function HeldCount(): JSX.Element | null {
  const count = heldCount.value;
  return (
    <span role="status" class="held-count">
      {count === 0 ? null : (
        <button type="button" class="flag held" title="Show a held request" onClick={showNext}>
          {count} held
        </button>
      )}
    </span>
  );
}

function showNext(): void {
  const all = heldRequests(state.value);
  const at = all.findIndex(({ id }) => id === state.value.selected);
  const next = all[(at + 1) % all.length];
  if (next !== undefined) actions.select(next.id);
}
