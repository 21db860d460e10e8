import type { JSX } from "preact";

import { actions } from "../state/actions";
import { markedOf } from "../state/comparing";
import { state } from "../state/store";

/** The request that waits for another one to be compared with. */
export function Marked(): JSX.Element | null {
  const marked = markedOf(state.value);
  if (marked === undefined) return null;
  return (
    <p class="marked" role="status">
      <span>
        <b>A</b>{" "}
        <bdi>
          {marked.method} {marked.path.slice(0, 100)}
        </bdi>
        : pick another one and press <kbd>c</kbd>
      </span>
      <button type="button" aria-label="Cancel the comparison" onClick={actions.unmark}>
        ✕
      </button>
    </p>
  );
}
