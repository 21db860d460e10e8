/** The sizes of the picture of two requests, and what measures its texts. */

import { fonts, type FontName } from "../../diagram/layout/fonts";
import type { Measure } from "../../diagram/layout/shapes";
import { ellipsize } from "../../trace/text";

export interface Space {
  readonly width: number;
  readonly height: number;
  readonly measure: Measure;
  /** Px of a px of the layout: more than 1 on a very large screen. */
  readonly scale?: number;
  /** The index of the selected step in the comparison. */
  readonly selected: number | null;
}

/** Px at 1×. What is not here is as in the diagram of one request. */
export const SIZES = {
  /** Beside the bands, for two bars and what they differ by. */
  gutter: 126,
  inset: 7,
  /** From the innermost band to the middle between both wires, and from there to each of them. */
  wire: 24,
  apart: 6.5,
  /** From there to a chip. */
  margin: 22,
  head: 30,
  bar: { length: 44, height: 5, least: 4, gap: 8, text: 6 },
  /** Of the time that a request was held, whatever it is: it is no time of the app's, and has no scale. */
  held: 14,
  ring: 5.2,
  disc: 6.2,
  lane: { height: 21, first: 58, second: 84 },
  view: { height: 168, none: 44, belowAxis: 38, /** Below B's lane. */ bracket: 14 },
} as const;

const FONTS = fonts(false);

export function widthOf({ measure }: Space, text: string, font: FontName): number {
  return measure(text, FONTS[font]);
}

/** Shorten a name in the middle to a maximum width. */
export function fit(space: Space, name: string, font: FontName, most: number): string {
  let letters = Math.min(60, Array.from(name).length);
  let short = ellipsize(name, letters);
  for (; letters > 5 && widthOf(space, short, font) > most; letters -= 2) short = ellipsize(name, letters);
  return short;
}
