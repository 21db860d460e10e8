/** The positions of the parts of the drawing. */

import type { Chip } from "../model/types";
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
  readonly handlers: readonly { readonly fitted: FittedChip; readonly y: number }[];
  readonly view: Place;
  readonly body: Place | null;
  readonly pitch: number;
  readonly chipHeight: number;
  readonly labelHeight: number;
}

/** Above the box of a body that is made while it is sent, and below. */
const AROUND_BODY = 44;
const ABOVE_BODY = 8;

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
  readonly handlers: readonly Chip[];
  readonly viewHeight: number;
}

export function frameOf(scene: Scene): Frame {
  const stack = stackOf(scene);
  const spacing = spacingOf(scene, stack);
  const { bands, turn, head, bodyHeight, viewHeight } = stack;
  const { pitch, apart } = spacing;
  const { tops, end } = bandTops(stack, spacing);
  const turnY = end + 2 + pitch / 2;
  const handlersTop = turnY + (turn.rows - 0.5) * pitch;
  const handlers = stack.handlers.map((chip, index) => ({
    fitted: alone(scene, chip),
    y: handlersTop + (stack.handlers.length - index - 0.5) * pitch,
  }));
  const view = {
    top: handlersTop + handlers.length * pitch + spacing.gapToView,
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
    bodyHeight: journey.body === null ? 0 : ribbonHeight(journey.body, false) + AROUND_BODY,
    bands: arrangeBands(scene),
    turn: arrange(scene, [journey.dispatch], [journey.response]),
    handlers: journey.handlers,
    viewHeight: ribbonHeight(journey.view, journey.trace.state === "running"),
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

function rowsOf({ bands, turn, handlers }: Stack): number {
  return bands.reduce((sum, each) => sum + each.rows, 0) + turn.rows + handlers.length;
}

/** The height of all but the rows. */
function fixedHeight({ head, bodyHeight, bands, viewHeight }: Stack, { band, gapToView }: Spacing): number {
  const empty = bands.filter(({ rows }) => rows === 0).length;
  const padding = bands.length * (band.top + band.bottom + band.rows) + empty * band.empty;
  return head + bodyHeight + padding + 2 + gapToView + viewHeight + 3 + GEOMETRY.foot;
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

/** The innermost band ends first. */
function bandBottoms(levels: number, from: number, apart: number): readonly number[] {
  const bottoms: number[] = [];
  for (let bottom = from; bottoms.length < levels;) bottoms.unshift((bottom += apart));
  return bottoms;
}
