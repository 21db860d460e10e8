/** Move through the steps of a drawing by keyboard. */

import type { Drawing } from "./layout/sheet";

/** The steps of a drawing in journey order, folded ones included: a selected step is always shown. */
function stepsOf(drawing: Drawing): number[] {
  const ids = drawing.shapes.flatMap((shape) =>
    shape.el === "node" && shape.step !== null ? [shape.step] : shape.el === "fold" ? shape.steps : [],
  );
  return [...new Set(ids)].sort((a, b) => a - b);
}

/**
 * Up and down go from step to step in the request as it is shown, Home and End to the first and the last;
 * Enter picks where none is picked. Left and right go through time, wherever the focus is.
 */
export function rove(
  event: KeyboardEvent,
  drawing: Drawing,
  selected: number | null,
  onSelect: (step: number | null) => void,
): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const ids = stepsOf(drawing);
  const first = ids[0];
  const after = selected ?? -1;
  const moves: Record<string, number | undefined> = {
    ArrowUp: ids.findLast((id) => id < after) ?? first,
    ArrowDown: ids.find((id) => id > after) ?? ids.at(-1),
    Home: first,
    End: ids.at(-1),
    Enter: selected ?? first,
  };
  const next = moves[event.key];
  if (next === undefined) return;
  event.preventDefault();
  onSelect(next);
}
