/** Move through the steps of a drawing by keyboard. */

import type { Drawing } from "./layout/sheet";

/** The steps of a drawing in journey order, folded ones included: a selected step is always shown. */
function stepsOf(drawing: Drawing): number[] {
  const ids = drawing.shapes.flatMap((shape) =>
    shape.el === "node" && shape.step !== null ? [shape.step] : shape.el === "fold" ? shape.steps : [],
  );
  return [...new Set(ids)].sort((a, b) => a - b);
}

/** Arrows go from step to step; Enter and Space pick where none is picked. */
export function rove(
  event: KeyboardEvent,
  drawing: Drawing,
  selected: number | null,
  onSelect: (step: number | null) => void,
): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const ids = stepsOf(drawing);
  const first = ids[0];
  const last = ids.at(-1);
  const after = selected ?? -1;
  const back = ids.findLast((id) => id < after) ?? first;
  const on = ids.find((id) => id > after) ?? last;
  const moves: Record<string, number | undefined> = {
    ArrowLeft: back,
    ArrowUp: back,
    ArrowRight: on,
    ArrowDown: on,
    Home: first,
    End: last,
    Enter: selected ?? first,
    " ": selected ?? first,
  };
  const next = moves[event.key];
  if (next === undefined) return;
  event.preventDefault();
  onSelect(next);
}
