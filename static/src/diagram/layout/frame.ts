/** The positions of the parts of the drawing. */

import type { Handler } from "../model/types";
import type { Columns } from "./columns";
import { alone, type FittedChip } from "./fitting";
import { GEOMETRY, NARROW } from "./geometry";
import { ribbonHeight } from "./ribbon/lanes";
import { arrange, arrangeBands, type BandRows, type Rows } from "./rows";
import type { Scene } from "./scene";

export interface Place {
  readonly top: number;
  readonly height: number;
}

/** A handler in its row: a chip in its middle, or a ribbon that fills it. */
export interface PlacedHandler {
  readonly handler: Handler;
  readonly fitted: FittedChip;
  readonly y: number;
  readonly place: Place | null;
}

export interface Frame extends Columns {
  readonly height: number;
  readonly bands: readonly BandRows[];
  /** The top and the bottom of each band, and from its top to its first row. */
  readonly tops: readonly number[];
  readonly bottoms: readonly number[];
  readonly above: number;
  /** Where the wires leave the drawing. */
  readonly topY: number;
  /** Dispatch and make_response, and the middle of their first row. */
  readonly turn: Rows;
  readonly turnY: number;
  /** The error handlers that ran, each in its own row above the view: the last one is on top. */
  readonly handlers: readonly PlacedHandler[];
  /** The row of the error handler that was not asked. */
  readonly unaskedY: number | null;
  readonly view: Place;
  readonly body: Place | null;
  readonly pitch: number;
  readonly chipHeight: number;
  readonly labelHeight: number;
}

/** Above the box of a body that is made while it is sent, and below. */
const AROUND_BODY = 44;
const ABOVE_BODY = 8;
const ABOVE_HANDLER = 6;

/** The distances between what is stacked. */
interface Spacing {
  readonly band: {
    readonly top: number;
    readonly rows: number;
    readonly bottom: number;
    readonly empty: number;
  };
  readonly pitch: number;
  readonly gapToView: number;
  /** How much lower a chip is than its row. */
  readonly apart: number;
  readonly label: number;
}

const ROOMY: Spacing = {
  band: GEOMETRY.band,
  pitch: GEOMETRY.row.most,
  gapToView: GEOMETRY.gapToView,
  apart: GEOMETRY.chip.height.apart,
  label: GEOMETRY.label.height,
};
const CLOSE: Spacing = { ...GEOMETRY.tight, pitch: GEOMETRY.tight.row };

/** What is stacked, from top to bottom. */
interface Stack {
  readonly head: number;
  readonly bodyHeight: number;
  readonly bands: readonly BandRows[];
  readonly turn: Rows;
  readonly handlers: readonly Handler[];
  /** The heights of their ribbons; 0 where there is none. */
  readonly handlerHeights: readonly number[];
  readonly hasUnasked: boolean;
  readonly viewHeight: number;
}

export function frameOf(scene: Scene): Frame {
  const stack = stackOf(scene);
  const spacing = spacingOf(scene, stack);
  const { bands, turn, head, bodyHeight, viewHeight } = stack;
  const { pitch, apart } = spacing;
  const { tops, end } = bandTops(stack, spacing);
  const turnY = end + 2 + pitch / 2;
  const turnEnd = turnY + (turn.rows - 0.5) * pitch;
  const { handlers, end: handlersEnd } = placeHandlers(scene, stack, turnEnd, pitch);
  const unaskedY = stack.hasUnasked ? handlersEnd + pitch / 2 : null;
  const view = {
    top: handlersEnd + (unaskedY === null ? 0 : pitch) + spacing.gapToView,
    height: viewHeight,
  };
  const bottoms = bandBottoms(bands.length, view.top + viewHeight + 3, spacing.band.bottom);
  return {
    ...scene.columns,
    height: (bottoms[0] ?? view.top + viewHeight) + GEOMETRY.foot,
    bands,
    tops,
    bottoms,
    above: spacing.band.top,
    topY: bodyHeight === 0 ? head - 8 : head - 10,
    turn,
    turnY,
    handlers,
    unaskedY,
    view,
    body: bodyHeight === 0 ? null : { top: head - ABOVE_BODY, height: bodyHeight - AROUND_BODY },
    pitch,
    chipHeight: Math.min(GEOMETRY.chip.height.most, pitch - apart),
    labelHeight: spacing.label,
  };
}

function stackOf(scene: Scene): Stack {
  const { journey, space } = scene;
  const { request, none } = GEOMETRY.head;
  return {
    head: space.head === false ? none : request,
    bodyHeight: journey.body === null ? 0 : ribbonHeight(scene, journey.body) + AROUND_BODY,
    bands: arrangeBands(scene),
    turn: arrange(scene, [journey.dispatch], [journey.response]),
    handlers: journey.handlers,
    handlerHeights: journey.handlers.map(({ ribbon }) => (ribbon === null ? 0 : ribbonHeight(scene, ribbon))),
    hasUnasked: journey.unasked !== null,
    viewHeight: ribbonHeight(scene, journey.view),
  };
}

/** Rows are as far apart as the height lets them; where that is too little, the drawing is higher. */
function spacingOf({ space, columns }: Scene, stack: Stack): Spacing {
  const { row, tight } = GEOMETRY;
  const pitchOf = (spacing: Spacing): number => (space.height - fixedHeight(stack, spacing)) / rowsOf(stack);
  const pitch = pitchOf(ROOMY);
  const least = columns.narrow ? NARROW.row : row.least;
  if (pitch >= least) return { ...ROOMY, pitch: Math.min(row.most, pitch) };
  const close = pitchOf(CLOSE);
  if (columns.narrow || close < tight.row) return { ...ROOMY, pitch: least };
  if (close <= least) return { ...CLOSE, pitch: close };
  // What is left after the rows is for the distances around them.
  return { ...between((close - least) / (close - pitch)), pitch: least };
}

function between(share: number): Spacing {
  const mix = (from: number, to: number): number => from + (to - from) * share;
  return {
    band: {
      top: mix(CLOSE.band.top, ROOMY.band.top),
      rows: mix(CLOSE.band.rows, ROOMY.band.rows),
      bottom: mix(CLOSE.band.bottom, ROOMY.band.bottom),
      empty: ROOMY.band.empty,
    },
    pitch: ROOMY.pitch,
    gapToView: mix(CLOSE.gapToView, ROOMY.gapToView),
    apart: ROOMY.apart,
    label: mix(CLOSE.label, ROOMY.label),
  };
}

function rowsOf({ bands, turn, handlerHeights, hasUnasked }: Stack): number {
  const chips = handlerHeights.filter((height) => height === 0).length + (hasUnasked ? 1 : 0);
  return bands.reduce((sum, each) => sum + each.rows, 0) + turn.rows + chips;
}

/** The height of all but the rows. */
function fixedHeight(
  { head, bodyHeight, bands, handlerHeights, viewHeight }: Stack,
  { band, gapToView }: Spacing,
): number {
  const empty = bands.filter(({ rows }) => rows === 0).length;
  const padding = bands.length * (band.top + band.bottom + band.rows) + empty * band.empty;
  const handlers = handlerHeights.reduce(
    (sum, height) => sum + (height === 0 ? 0 : height + ABOVE_HANDLER),
    0,
  );
  return head + bodyHeight + padding + 2 + handlers + gapToView + viewHeight + 3 + GEOMETRY.foot;
}

function bandTops(
  { head, bodyHeight, bands }: Stack,
  { band, pitch }: Spacing,
): { readonly tops: readonly number[]; readonly end: number } {
  const tops: number[] = [];
  let y = head + bodyHeight;
  for (const { rows } of bands) {
    tops.push(y);
    y += band.top + (rows === 0 ? band.empty : rows * pitch) + band.rows;
  }
  return { tops, end: y };
}

/** From the last one down to the first. */
function placeHandlers(
  scene: Scene,
  { handlers, handlerHeights }: Stack,
  from: number,
  pitch: number,
): { readonly handlers: readonly PlacedHandler[]; readonly end: number } {
  const placed: PlacedHandler[] = [];
  let end = from;
  for (let index = handlers.length - 1; index >= 0; index--) {
    const [handler, height = 0] = [handlers[index] as Handler, handlerHeights[index]];
    const fitted = alone(scene, handler.chip);
    if (height === 0) placed.unshift({ handler, fitted, y: end + pitch / 2, place: null });
    else {
      const place = { top: end + ABOVE_HANDLER, height };
      placed.unshift({ handler, fitted, y: place.top + height - GEOMETRY.belowAxis, place });
    }
    end += height === 0 ? pitch : height + ABOVE_HANDLER;
  }
  return { handlers: placed, end };
}

/** The innermost band ends first. */
function bandBottoms(levels: number, from: number, apart: number): readonly number[] {
  const bottoms: number[] = [];
  for (let bottom = from; bottoms.length < levels;) bottoms.unshift((bottom += apart));
  return bottoms;
}
