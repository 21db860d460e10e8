/** The sizes of a diagram that what surrounds it needs, px. */

import { GEOMETRY, NARROW } from "./layout/geometry";

/** The width of its gutter, and the width below which it is drawn for a phone. */
export const [GUTTER, ROOMY] = [GEOMETRY.gutter, NARROW.below];
