/** The switch that folds the hooks of packages. */

import type { JSX } from "preact";

import { actions } from "../state/actions";
import { state } from "../state/store";
import { isForeign } from "../trace/steps";
import type { Trace } from "../api/types";

/** Nothing, if all hooks of a request are the app's own. */
export function Mine({ trace }: { readonly trace: Trace }): JSX.Element | null {
  const { mine } = state.value;
  if (!trace.steps.some(isForeign)) return null;
  return (
    <button
      type="button"
      class="mine"
      aria-pressed={mine}
      title="Fold the hooks of packages (m)"
      onClick={() => {
        actions.mine(!mine);
      }}
    >
      My code only
    </button>
  );
}
