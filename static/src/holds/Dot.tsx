/** A breakpoint beside the name of a function, outside of a diagram. */

import type { JSX } from "preact";

import dotStyles from "../styles/dot.css?inline";
import { adopt } from "../components/adopt";
import { markOf, type Breakable } from "../trace/breakpoints";
import { drawn, toggleAt } from "./store";

adopt(dotStyles);

/** Nothing, where requests cannot be held. */
export function Dot({ at: { stage, name, callable } }: { readonly at: Breakable }): JSX.Element | null {
  if (drawn.value === null) return null;
  const at = { stage, name, callable };
  const { state } = markOf(drawn.value, at);
  return (
    <button
      type="button"
      class={`dot-button is-${state}`}
      aria-pressed={state === "on"}
      aria-label={`Breakpoint before ${name}`}
      title={state === "none" ? `Hold requests before ${name}` : "Remove the breakpoint"}
      onClick={() => {
        toggleAt(at, "before");
      }}
    >
      <i />
    </button>
  );
}
