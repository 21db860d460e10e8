/** Where the drawing's vertical lines are: they depend on its width and its bands alone. */

import type { Band } from "../model/types";
import { GEOMETRY, NARROW } from "./geometry";
import type { Space } from "./sheet";

export interface Columns {
  readonly width: number;
  /** Whether there is no room for gutters, so that times are beside the chips. */
  readonly narrow: boolean;
  /** The outer edges of the bands, and of each band from the one around it. */
  readonly X0: number;
  readonly X1: number;
  readonly inset: number;
  /** The left and the right wire, and the middle between them. */
  readonly XL: number;
  readonly XR: number;
  readonly CX: number;
  /** From a wire to its chips, and what that leaves for the two chips of a row. */
  readonly margin: number;
  readonly room: number;
  /** Between the chips on the right and their wire, for one that comes over or goes back; 0 without it. */
  readonly lane: number;
}

/** Where a wire goes beside the two: over from the left to the right, or from the right back down. */
export type Crossing = "none" | "over" | "back";

export function isNarrow({ width }: Space): boolean {
  return width < NARROW.below;
}

export function columnsOf(space: Space, bands: readonly Band[], crossing: Crossing): Columns {
  const { least, most } = GEOMETRY.width;
  const width = Math.max(least, Math.min(most, space.width));
  const narrow = isNarrow(space);
  const gutter = narrow ? NARROW.gutter : GEOMETRY.gutter;
  const inset = narrow ? NARROW.inset : GEOMETRY.inset;
  const inner = gutter + bands.length * inset;
  const XL = narrow ? Math.max(NARROW.wire, inner + 6) : inner + GEOMETRY.wire;
  const margin = narrow ? NARROW.margin : GEOMETRY.chip.margin;
  const XR = width - XL;
  // With much room, it goes over between the chips; on the way down, there are some of the way in.
  const isLane = crossing === "back" || (crossing === "over" && width < GEOMETRY.lane.below);
  const lane = isLane ? GEOMETRY.lane.width : 0;
  return {
    width,
    narrow,
    X0: gutter,
    X1: width - gutter,
    inset,
    XL,
    XR,
    CX: width / 2,
    margin,
    room: XR - XL - 2 * margin - lane,
    lane,
  };
}
