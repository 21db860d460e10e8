/** What the marks in a diagram mean, in short; the whole legend is in the help. */

import type { JSX } from "preact";

import { actions } from "../state/actions";

export function Keys(): JSX.Element {
  return (
    <button
      type="button"
      class="keys"
      title="Show the whole legend"
      onClick={() => {
        actions.help(true);
      }}
    >
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        <path d="M6 1l5 5l-5 5l-5-5z" />
      </svg>{" "}
      signal{" "}
      <svg width="20" height="12" viewBox="0 0 20 12" aria-hidden="true">
        <rect x="1" y="1" width="18" height="10" rx="4" stroke-dasharray="4 3" />
      </svg>{" "}
      not run <span aria-hidden="true">±</span> changed
    </button>
  );
}
