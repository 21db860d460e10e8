/** Where the parts of the picture are. */

import { GEOMETRY, NARROW } from "../../diagram/layout/geometry";
import type { Compared, ComparedBand } from "../model/types";
import { linesOf, type Line, type Room } from "./fitting";
import { hasBracket } from "./like";
import { SIZES, type Space } from "./space";

export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Whether there is no room for gutters, so that times are beside the chips. */
  readonly narrow: boolean;
  readonly X0: number;
  readonly X1: number;
  readonly inset: number;
  /** The middle between both wires, at the left and at the right. */
  readonly XL: number;
  readonly XR: number;
  readonly CX: number;
  readonly margin: number;
  readonly topY: number;
  readonly bands: readonly PlacedBand[];
  readonly turn: { readonly lines: readonly Line[]; readonly y: number };
  readonly view: { readonly top: number; readonly height: number };
  readonly pitch: number;
  readonly chipHeight: number;
  readonly labelHeight: number;
}

export interface PlacedBand {
  readonly band: ComparedBand;
  readonly lines: readonly Line[];
  readonly top: number;
  readonly bottom: number;
  /** The middle of its first row. */
  readonly y: number;
}

const { width: WIDTH, band: PADDING, row: ROW, gapToView, foot } = GEOMETRY;

export function frameOf(model: Compared, space: Space): Frame {
  const columns = columnsOf(model, space);
  const room: Room = {
    space,
    narrow: columns.narrow,
    room: columns.XR - columns.XL - 2 * columns.margin,
    single: model.single,
  };
  const bands = model.bands.map((band) => ({ band, lines: linesOf(room, band.left, band.right) }));
  const turn = linesOf(room, model.turn.left, model.turn.right);
  const rows = bands.reduce((sum, { lines }) => sum + lines.length, turn.length);
  const { a, b } = model.view;
  const { none, height, bracket } = SIZES.view;
  const viewHeight = a === null && b === null ? none : height + (hasBracket(b) ? bracket : 0);
  const padding = PADDING.top + PADDING.rows + PADDING.bottom;
  const fixed = SIZES.head + bands.length * padding + 2 + gapToView + viewHeight + 3 + foot;
  const least = columns.narrow ? NARROW.row : ROW.least;
  const pitch = Math.max(least, Math.min(ROW.most, (space.height - fixed) / rows));
  let y: number = SIZES.head;
  const tops = bands.map(({ lines }) => {
    const top = y;
    y += PADDING.top + lines.length * pitch + PADDING.rows;
    return top;
  });
  const turnY = y + 2 + pitch / 2;
  const view = { top: turnY + (turn.length - 0.5) * pitch + gapToView, height: viewHeight };
  const end = view.top + viewHeight + 3;
  return {
    ...columns,
    height: end + bands.length * PADDING.bottom + foot,
    topY: SIZES.head - 8,
    bands: bands.map((each, level) => ({
      ...each,
      top: tops[level] ?? 0,
      bottom: end + (bands.length - level) * PADDING.bottom,
      y: (tops[level] ?? 0) + PADDING.top + pitch / 2,
    })),
    turn: { lines: turn, y: turnY },
    view,
    pitch,
    chipHeight: Math.min(GEOMETRY.chip.height.most, pitch - GEOMETRY.chip.height.apart),
    labelHeight: GEOMETRY.label.height,
  };
}

type Columns = Pick<Frame, "width" | "narrow" | "X0" | "X1" | "inset" | "XL" | "XR" | "CX" | "margin">;

function columnsOf({ bands }: Compared, space: Space): Columns {
  const width = Math.max(WIDTH.least, Math.min(WIDTH.most, space.width));
  const narrow = space.width < NARROW.below;
  const X0 = narrow ? NARROW.gutter : SIZES.gutter;
  const inset = narrow ? NARROW.inset : SIZES.inset;
  const inner = X0 + bands.length * inset;
  const XL = narrow ? Math.max(NARROW.wire, inner + 4 + SIZES.apart) : inner + SIZES.wire;
  return {
    width,
    narrow,
    X0,
    X1: width - X0,
    inset,
    XL,
    XR: width - XL,
    CX: width / 2,
    margin: narrow ? NARROW.margin + 3 : SIZES.margin,
  };
}
