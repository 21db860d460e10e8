/** The bands, with their names; one that one request alone has is dashed. */

import { freePlace, hueOf } from "../../diagram/layout/bands";
import { GEOMETRY } from "../../diagram/layout/geometry";
import { rect, words, type Shape } from "../../diagram/layout/shapes";
import type { Placement } from "./chips";
import type { Frame, PlacedBand } from "./frame";
import { fit, widthOf, type Space } from "./space";

const BETWEEN = 10;

export function drawBands(frame: Frame): readonly Shape[] {
  return frame.bands.map(({ band, top, bottom }, level) => {
    const x = frame.X0 + level * frame.inset;
    const one = band.in === "both" ? "" : "one";
    return rect(
      x,
      top,
      frame.width - 2 * x,
      bottom - top,
      Math.max(6, 18 - level),
      `band ${hueOf(band)} ${one}`,
    );
  });
}

export function drawLabels(frame: Frame, space: Space, placements: readonly Placement[]): readonly Shape[] {
  return frame.bands.flatMap((placed) => labelOf(frame, space, placements, placed));
}

function labelOf(
  frame: Frame,
  space: Space,
  placements: readonly Placement[],
  { band, top }: PlacedBand,
): readonly Shape[] {
  const only = band.in === "both" ? "" : `only in ${band.in.toUpperCase()}`;
  const sub = only === "" && !frame.narrow ? band.sub : only;
  const subWidth = sub === "" ? 0 : BETWEEN + widthOf(space, sub, "sub");
  const most = frame.XR - frame.XL - 2 * frame.margin - subWidth - 2 * GEOMETRY.label.padding;
  const label = fit(space, band.label, "band", most);
  const width = widthOf(space, label, "band") + subWidth + 2 * GEOMETRY.label.padding;
  const x = freePlace(frame, placements, top, width);
  const height = frame.labelHeight;
  return [
    rect(x - width / 2, top - height / 2, width, height, height / 2, "lg"),
    words(
      x,
      top + 4.3,
      "middle",
      { text: label, cls: `lbl ${hueOf(band)}` },
      ...(sub === "" ? [] : [{ text: sub, cls: "sub", dx: BETWEEN }]),
    ),
  ];
}
