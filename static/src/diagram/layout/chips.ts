/** Place all chips: those of the bands, and those of the turn. */

import { GEOMETRY } from "./geometry";
import type { Frame, PlacedHandler } from "./frame";
import { placeChip, type Placement, type Side } from "./place";
import { boxOf } from "./ribbon/box";
import type { Rows } from "./rows";
import type { Scene } from "./scene";
import type { Places, Point } from "./sheet";

/** In drawing order; later parts need their positions. */
export function placeChips(scene: Scene, frame: Frame): readonly Placement[] {
  const { bands, tops, above, pitch, turn, turnY, handlers } = frame;
  return [
    ...bands.flatMap((rows, level) => placeRows(scene, frame, rows, (tops[level] ?? 0) + above + pitch / 2)),
    ...placeRows(scene, frame, turn, turnY),
    ...handlers.map((each) => placeHandler(scene, frame, each)),
  ];
}

/** Its ribbon is drawn by itself; the wire passes at its axis. */
function placeHandler(scene: Scene, frame: Frame, { handler, fitted, y, place }: PlacedHandler): Placement {
  const { chip, ribbon } = handler;
  if (ribbon === null || place === null) return placeChip(scene, frame, fitted, "right", y);
  const { begin, right } = boxOf(frame, ribbon, place);
  return { chip, point: { x: frame.XR, y, left: begin, right }, nodes: [], bar: null };
}

function placeRows(scene: Scene, frame: Frame, { left, right }: Rows, y: number): readonly Placement[] {
  const placed = (side: Side, chips: Rows["left"]): readonly Placement[] =>
    chips.map((chip) => placeChip(scene, frame, chip, side, y + chip.row * frame.pitch));
  return [...placed("left", left), ...placed("right", right)];
}

export function placesOf(placements: readonly Placement[]): Places {
  const at = new Map<string, Point>();
  const again = new Map<string, Point>();
  for (const { chip, point } of placements) {
    for (const each of [chip, ...chip.folded]) at.set(each.key, point);
    if (chip.again !== null) again.set(chip.key, { ...point, x: point.x + GEOMETRY.again });
  }
  return { at, again };
}
