import type { JSX } from "preact";

import { useEffect } from "preact/hooks";

import { actions } from "../state/actions";
import { state } from "../state/store";

/** The text in an empty list. */
export default function Nothing(): JSX.Element {
  const { filter, traces, earlier, imported, connection } = state.value;
  // Older ones may match.
  useEffect(actions.older);
  if (filter.trim() === "" || traces.length + earlier.length + imported.length === 0)
    return (
      <p class="nothing">
        {connection === "lost" ? "" : "No requests yet. Each one appears here as soon as it begins."}
      </p>
    );
  return (
    <div class="nothing">
      <p>None of these requests matches the filter.</p>
      <button
        type="button"
        onClick={() => {
          actions.filter("");
        }}
      >
        Clear the filter
      </button>
    </div>
  );
}
