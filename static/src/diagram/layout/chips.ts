/** Place all chips: those of the bands, and those of the turn. */

import { GEOMETRY } from "./geometry";
import type { Frame } from "./frame";
import { placeChip, type Placement } from "./place";
import { arrange, chipWidth } from "./rows";
import type { Scene } from "./scene";
import type { Places, Point } from "./sheet";

/** Between two error handlers. */
const APART = 40;

/** In drawing order; later parts need their positions. */
export function placeChips(scene: Scene, frame: Frame): readonly Placement[] {
  const turn = placeTurn(scene, frame);
  return [...placeBands(scene, frame), ...turn, ...placeHandlers(scene, frame, placesOf(turn))];
}

function placeBands(scene: Scene, frame: Frame): readonly Placement[] {
  return frame.bands.flatMap(({ left, right }, level) => {
    const top = frame.tops[level] ?? 0;
    const y = (row: number): number => top + GEOMETRY.band.top + row * frame.pitch + frame.pitch / 2;
    return [
      ...left.map((placed) => placeChip(scene, frame, placed, "left", y(placed.row))),
      ...right.map((placed) => placeChip(scene, frame, placed, "right", y(placed.row))),
    ];
  });
}

/** Dispatch on the left, make_response on the right. */
function placeTurn(scene: Scene, frame: Frame): readonly Placement[] {
  const { dispatch, response } = scene.journey;
  const sides = [
    [dispatch, "left", response],
    [response, "right", dispatch],
  ] as const;
  return sides.flatMap(([chip, side, across]) =>
    arrange(scene, [chip], [across]).map((placed) => placeChip(scene, frame, placed, side, frame.turnY)),
  );
}

/** Error handlers are in the middle, or in their own row. */
function placeHandlers(scene: Scene, frame: Frame, { at }: Places): readonly Placement[] {
  const { handlers } = scene.journey;
  const [dispatch, response] = [at.get("dispatch"), at.get("make_response")];
  if (dispatch === undefined || response === undefined) return [];
  const widths = handlers.map((chip) => chipWidth(scene, chip));
  const total = widths.reduce((sum, width) => sum + width, 0) + APART * (handlers.length - 1);
  const [from, to] = frame.handlerRow > 0 ? [frame.XL, frame.XR - 130] : [dispatch.right, response.left];
  let x = from + Math.max(12, (to - from - total) / 2);
  return handlers.flatMap((chip, index) => {
    const left = x;
    x += (widths[index] ?? 0) + APART;
    return arrange(scene, [chip], [chip]).map((placed) =>
      placeChip(scene, frame, placed, "center", frame.turnY + frame.handlerRow, left),
    );
  });
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
