/** After Clear, for a while: what was cleared can be brought back. */

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { actions } from "../state/actions";
import { UNDO_TIME } from "../state/clearing";
import { state } from "../state/store";
import { plural } from "../trace/format";

export function Undo(): JSX.Element | null {
  const { undo } = state.value;
  useEffect(() => {
    if (undo === null) return undefined;
    const timer = setTimeout(actions.forgetUndo, UNDO_TIME);
    return () => {
      clearTimeout(timer);
    };
  }, [undo]);
  if (undo === null) return null;
  const count = undo.traces.length + undo.imported.length + undo.earlier.length;
  return (
    <p class="undo" role="status">
      {plural(count, "request")} cleared
      <button type="button" title="Restore (u)" onClick={actions.undo}>
        Undo <kbd aria-hidden="true">u</kbd>
      </button>
    </p>
  );
}
