/** A hatched rectangle: what has no scale. */

import { d, line, rect, type Shape } from "./shapes";

/** From one stroke to the next. */
const APART = 6;

export function hatched(x: number, y: number, w: number, h: number): readonly Shape[] {
  const strokes: string[] = [];
  // Each from the bottom left to the top right, as far as it lies in the rectangle.
  for (let from = APART - h; from < w; from += APART) {
    const [begin, end] = [Math.max(0, from), Math.min(w, from + h)];
    if (end > begin)
      strokes.push(d`M${x + begin} ${y + h - (begin - from)}L${x + end} ${y + h - (end - from)}`);
  }
  return [rect(x, y, w, h, 2, "hold"), line(strokes.join(""), "holds")];
}
