/** The bands: nested rounded rectangles, each with its name on the upper border. */

import { ellipsize } from "../../trace/text";
import type { Band } from "../model/types";
import type { Frame } from "./frame";
import { GEOMETRY, HUES } from "./geometry";
import { LONGEST_TITLE } from "./nodes";
import { widthOf, type Scene } from "./scene";
import { rect, words, type Shape } from "./shapes";
import type { Layers } from "./sheet";

const LONGEST_LABEL = 60;

export function drawBands(scene: Scene, frame: Frame): Partial<Layers> {
  const bands = frame.bands.map(({ band }) => band);
  return {
    back: bands.map((band, level) => background(frame, band, level)),
    labels: bands
      .flatMap((band, level) => [nameOf(scene, frame, band, level)])
      .reverse()
      .flat(),
  };
}

function hueOf({ hue }: Band): string {
  return hue === 0 ? "" : `bp${((hue - 1) % HUES) + 1}`;
}

function background({ X0, width, tops, bottoms }: Frame, band: Band, level: number): Shape {
  const x = X0 + level * GEOMETRY.inset;
  const top = tops[level] ?? 0;
  const height = (bottoms[level] ?? 0) - top;
  return rect(x, top, width - 2 * x, height, Math.max(6, 18 - level), `band ${hueOf(band)}`);
}

function nameOf(scene: Scene, { CX, tops }: Frame, band: Band, level: number): readonly Shape[] {
  const { label, sub } = band;
  const top = tops[level] ?? 0;
  const shown = ellipsize(label, LONGEST_LABEL);
  const subWidth = sub === "" ? 0 : 10 + widthOf(scene, sub, "sub");
  const width = widthOf(scene, shown, "band") + subWidth + 22;
  const title = shown === label ? undefined : label.slice(0, LONGEST_TITLE);
  return [
    rect(CX - width / 2, top - 9, width, 18, 9, "lg", title),
    words(
      CX,
      top + 4.5,
      "middle",
      { text: shown, cls: `lbl ${hueOf(band)}` },
      ...(sub === "" ? [] : [{ text: sub, cls: "sub", dx: 10 }]),
    ),
  ];
}
