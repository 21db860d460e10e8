/** The sizes of a diagram that what surrounds it needs, px. */

import { GEOMETRY, NARROW } from "./layout/geometry";

/** The width of its gutter, and the width below which it is drawn for a phone. */
export const [GUTTER, ROOMY] = [GEOMETRY.gutter, NARROW.below];

/** Up to this size of its space and height of the screen, a diagram is drawn at 1×, px. */
const [FULL_WIDTH, FULL_HEIGHT] = [GEOMETRY.width.most, 1080];

/** The scale of a diagram beside the list: more than 1 on a very large screen. */
export function scaleOn(width: number, screenHeight: number): number {
  return Math.max(1, Math.min(width / FULL_WIDTH, screenHeight / FULL_HEIGHT));
}
