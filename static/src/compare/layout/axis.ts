/** The box of both views: one true-time axis, as long as the longer one. */

import { clockOf } from "../../diagram/layout/ribbon/box";
import type { Ribbon } from "../../diagram/model/types";
import type { Squeeze } from "../../trace/holds";
import type { Compared, SideName } from "../model/types";
import type { Frame } from "./frame";
import { SIZES } from "./space";

export interface Axis {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly height: number;
  /** Where time begins, and where the longer view ends, px. */
  readonly begin: number;
  readonly end: number;
  readonly span: number;
  /** The middle between both wires. */
  readonly y: number;
}

/** From a wire to where time begins: the lanes have their names there. */
const NAMES = { wide: 54, narrow: 46 };
const TO_EDGE = 16;

export function axisOf({ view }: Compared, frame: Frame): Axis {
  const { X0, XL, XR, inset, bands, narrow, width } = frame;
  const { top, height } = frame.view;
  const left = narrow ? XL - SIZES.apart - 12 : X0 + bands.length * inset + 4;
  return {
    left,
    right: width - left,
    top,
    height,
    begin: XL + (narrow ? NAMES.narrow : NAMES.wide),
    end: XR - TO_EDGE - SIZES.apart,
    span: Math.max(1, lastedOf(view.a), lastedOf(view.b)),
    y: top + height - SIZES.view.belowAxis,
  };
}

/** The clock of a view from its beginning on: it stands still while the request is held. */
export function ownClock(ribbon: Ribbon): Squeeze {
  return clockOf(ribbon, 0);
}

export function lastedOf(ribbon: Ribbon | null): number {
  return ribbon === null ? 0 : ownClock(ribbon).total;
}

/** Where a moment of a view's own clock lies, px. */
export function xOf({ begin, end, span }: Axis, ns: number): number {
  return begin + ((end - begin) * Math.min(span, Math.max(0, ns))) / span;
}

/** The height of a wire's part along the axis: A is outside. */
export function axisY({ y }: Axis, of: SideName): number {
  return of === "a" ? y + SIZES.apart : y - SIZES.apart;
}
