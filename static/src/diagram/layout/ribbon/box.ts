/** The box of a true-time ribbon, and its scale. */

import type { Ribbon } from "../../model/types";
import type { Frame } from "../frame";
import type { Axis } from "../sheet";

export interface Box {
  readonly ribbon: Ribbon;
  readonly isBody: boolean;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly height: number;
  /** The axis: where it begins, where it would end, and where it stops. */
  readonly axisY: number;
  readonly begin: number;
  readonly end: number;
  readonly stop: number;
  /** How long it took, ns; no less than 1. */
  readonly span: number;
  /** Whether it raised, and whether it ends in an exception or the client's leaving. */
  readonly failed: boolean;
  readonly cut: boolean;
}

/** A box that is lower has its axis nearer to its edge. */
const LOW = 90;
/** Where the axis of one that raised stops. */
const STOP = 0.7;
const CROSS = 18;

export function boxOf(
  frame: Frame,
  ribbon: Ribbon,
  { top, height }: { readonly top: number; readonly height: number },
): Box {
  const isBody = ribbon.key === "body";
  const { XL, XR, X1, width, narrow } = frame;
  const left = isBody ? XL + 22 : narrow ? XL - 17 : frame.X0 + frame.bands.length * frame.inset + 4;
  const begin = isBody ? left + 62 : XL + (narrow ? 44 : 54);
  const end = isBody ? XR - 54 : XR - (narrow ? 16 : 40);
  const failed = ribbon.error !== null;
  return {
    ribbon,
    isBody,
    left,
    right: isBody ? X1 : width - left,
    top,
    height,
    axisY: top + height - (height < LOW ? 24 : 30),
    begin,
    end,
    stop: failed ? begin + (end - begin) * STOP : end,
    span: Math.max(1, ribbon.duration),
    failed,
    cut: failed || (isBody && ribbon.note.startsWith("the client")),
  };
}

/** Where a moment of the request lies, px. */
export function xOf({ ribbon, begin, stop, span, failed }: Box, ns: number): number {
  const length = stop - begin - (failed ? CROSS : 0);
  return begin + (length * Math.min(span, Math.max(0, ns - ribbon.begin))) / span;
}

export function axisOf({ axisY, begin, stop, top, height, left, cut }: Box): Axis {
  return { y: axisY, begin, end: stop, top, height, left, cut };
}
