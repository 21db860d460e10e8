/** The bands: nested rounded rectangles, each with its name on the upper border. */

import { ellipsize } from "../../trace/text";
import type { Band } from "../model/types";
import type { Frame } from "./frame";
import { GEOMETRY, HUES } from "./geometry";
import { LONGEST_TITLE } from "./nodes";
import type { Placement } from "./place";
import { widthOf, type Scene } from "./scene";
import { rect, words, type Shape } from "./shapes";
import type { Layers, Point } from "./sheet";

const LONGEST_LABEL = 60;
/** From a name to a chip, and to a wire. */
const BESIDE = 7;
const FROM_WIRE = 20;

export function drawBands(scene: Scene, frame: Frame, placements: readonly Placement[]): Partial<Layers> {
  const bands = frame.bands.map(({ band }) => band);
  const points = placements.filter(({ chip }) => !chip.hidden).map(({ point }) => point);
  return {
    back: bands.map((band, level) => background(frame, band, level)),
    labels: bands
      .flatMap((band, level) => [nameOf(scene, frame, points, band, level)])
      .reverse()
      .flat(),
  };
}

/** The class of a band's own hue. */
export function hueOf({ hue }: Pick<Band, "hue">): string {
  return hue === 0 ? "" : `bp${((hue - 1) % HUES) + 1}`;
}

function background({ X0, inset, width, tops, bottoms }: Frame, band: Band, level: number): Shape {
  const x = X0 + level * inset;
  const top = tops[level] ?? 0;
  const height = (bottoms[level] ?? 0) - top;
  return rect(x, top, width - 2 * x, height, Math.max(6, 18 - level), `band ${hueOf(band)}`);
}

function nameOf(
  scene: Scene,
  frame: Frame,
  points: readonly Point[],
  band: Band,
  level: number,
): readonly Shape[] {
  const { label } = band;
  const sub = frame.narrow ? "" : band.sub;
  const top = frame.tops[level] ?? 0;
  const shown = ellipsize(label, LONGEST_LABEL);
  const subWidth = sub === "" ? 0 : 10 + widthOf(scene, sub, "sub");
  const width = widthOf(scene, shown, "band") + subWidth + 2 * GEOMETRY.label.padding;
  const height = frame.labelHeight;
  const x = freePlace(frame, points, top, width);
  const title = shown === label ? undefined : label.slice(0, LONGEST_TITLE);
  const shapes = [
    rect(x - width / 2, top - height / 2, width, height, height / 2, "lg", title),
    words(
      x,
      top + 4.3,
      "middle",
      { text: shown, cls: `lbl ${hueOf(band)}` },
      ...(sub === "" ? [] : [{ text: sub, cls: "sub", dx: 10 }]),
    ),
  ];
  if (band.fold === undefined) return shapes;
  const { key, open } = band.fold;
  return [{ el: "fold", key: `label:${key}`, toggles: key, steps: [], open, label, shapes }];
}

/** The place for a name nearest to the middle that no chip of the row above or below reaches. */
export function freePlace(
  frame: Pick<Frame, "CX" | "XL" | "XR" | "chipHeight" | "labelHeight">,
  points: readonly Pick<Point, "y" | "left" | "right">[],
  top: number,
  width: number,
): number {
  const { CX, XL, XR, chipHeight, labelHeight } = frame;
  const reach = (chipHeight + labelHeight) / 2 - 0.5;
  const near = points.filter(({ y }) => Math.abs(y - top) < reach);
  const half = width / 2;
  const overlap = (x: number): number =>
    near.reduce(
      (sum, { left, right }) =>
        sum + Math.max(0, Math.min(right, x + half + BESIDE) - Math.max(left, x - half - BESIDE)),
      0,
    );
  const places = [CX, ...near.flatMap(({ left, right }) => [right + BESIDE + half, left - BESIDE - half])]
    .filter((x) => x === CX || (x - half >= XL + FROM_WIRE && x + half <= XR - FROM_WIRE))
    .sort((a, b) => Math.abs(a - CX) - Math.abs(b - CX));
  return (
    places.find((x) => overlap(x) < 0.5) ??
    places.reduce((best, x) => (overlap(x) < overlap(best) ? x : best), CX)
  );
}
