/** The choice of the inspector's side, where there is room for it at the right. */

import type { JSX } from "preact";

import { mayStandRight, setRight, standsRight } from "../../state/inspector";

export function Side(): JSX.Element | null {
  if (!mayStandRight()) return null;
  const right = standsRight();
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => {
        setRight(!right);
      }}
    >
      {right ? "dock below" : "dock right"}
    </button>
  );
}
