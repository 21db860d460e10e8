/** The box of a true-time ribbon, and its scale. */

import { squeezed, type Squeeze } from "../../../trace/holds";
import type { Ribbon } from "../../model/types";
import type { Frame } from "../frame";
import { GEOMETRY } from "../geometry";
import type { Axis } from "../sheet";
import { lanesOf } from "./lanes";

export interface Box {
  readonly ribbon: Ribbon;
  readonly isBody: boolean;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly height: number;
  /** Where its texts end. */
  readonly textEnd: number;
  /** The axis: where it begins, where it would end, and where it stops. */
  readonly axisY: number;
  readonly begin: number;
  readonly end: number;
  readonly stop: number;
  /** How long it takes, ns, no less than 1 and its holds squeezed, and how long that is drawn, px. */
  readonly clock: Squeeze;
  readonly span: number;
  readonly length: number;
  /** Whether it raised, and whether it ends in an exception or the client's leaving. */
  readonly failed: boolean;
  readonly cut: boolean;
}

/** A box that is lower has its axis nearer to its edge. */
export const LOW = 90;
/** Where the axis of one that raised stops. */
const STOP = 0.66;
const CROSS = 18;

export function boxOf(
  frame: Frame,
  ribbon: Ribbon,
  { top, height }: { readonly top: number; readonly height: number },
): Box {
  const isBody = ribbon.key === "body";
  const sides = sidesOf(frame, ribbon);
  const { begin, end } = sides;
  const { failed, fails, duration } = ribbon;
  const full = fails ? begin + (end - begin) * STOP : end;
  const length = full - begin - (fails ? CROSS : 0);
  const clock = clockOf(ribbon);
  const span = Math.max(1, clock.total);
  const lasted = clock.at(duration);
  return {
    ribbon,
    isBody,
    ...sides,
    top,
    height,
    axisY: top + height - (height < LOW ? 24 : GEOMETRY.belowAxis),
    stop: ribbon.state === "running" && lasted < span ? begin + (length * lasted) / span : full,
    clock,
    span,
    length,
    failed,
    cut: failed || (isBody && ribbon.note.startsWith("the client")),
  };
}

/** From its beginning on; `share` is what its holds take of it. */
export function clockOf({ begin, span, holds }: Ribbon, share?: number): Squeeze {
  const own = holds.map((hold) => ({
    ...hold,
    begin: Math.max(0, hold.begin - begin),
    end: hold.end === null ? null : Math.max(0, hold.end - begin),
  }));
  return squeezed(own, span, share);
}

/** A view is around the wires, a handler between them, and a body above the bands. */
function sidesOf(frame: Frame, ribbon: Ribbon): Pick<Box, "left" | "right" | "begin" | "end" | "textEnd"> {
  const { XL, XR, X1, width, narrow, margin, lane } = frame;
  const { key } = ribbon;
  const lanes = lanesOf(ribbon);
  const begin = XL + (narrow && !lanes.includes("span") && !lanes.includes("req") ? 44 : 54);
  if (key === "body") return { left: XL + 22, right: X1, begin: XL + 84, end: XR - 54, textEnd: XR - 16 };
  if (key === "view") {
    const left = narrow ? XL - 17 : frame.X0 + frame.bands.length * frame.inset + 4;
    const end = XR - (narrow ? 16 : 40);
    return { left, right: width - left, begin, end, textEnd: XR - 16 };
  }
  const right = XR - margin - lane;
  return { left: XL + margin, right, begin: begin + margin, end: right - 16, textEnd: right - 14 };
}

/** Where a moment of the request lies, px. */
export function xOf({ ribbon, begin, length, span, clock }: Box, ns: number): number {
  return begin + (length * Math.min(span, clock.at(Math.max(0, ns - ribbon.begin)))) / span;
}

export function axisOf({ axisY, begin, stop, top, height, left, cut }: Box): Axis {
  return { y: axisY, begin, end: stop, top, height, left, cut };
}
