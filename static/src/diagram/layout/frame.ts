/** The positions of the parts of the drawing. */

import { GEOMETRY, SMALLEST } from "./geometry";
import { ribbonHeight } from "./ribbon/lanes";
import { arrangeBands, chipWidth, leastWidth, type BandRows } from "./rows";
import type { Scene } from "./scene";

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly bands: readonly BandRows[];
  /** The top and the bottom of each band. */
  readonly tops: readonly number[];
  readonly bottoms: readonly number[];
  /** The left and the right wire, and the middle between them. */
  readonly XL: number;
  readonly XR: number;
  readonly CX: number;
  /** The outer edges of the bands. */
  readonly X0: number;
  readonly X1: number;
  /** Where the wires leave the drawing. */
  readonly topY: number;
  readonly turnY: number;
  readonly view: { readonly top: number; readonly height: number };
  readonly body: { readonly top: number; readonly height: number } | null;
  readonly gapToView: number;
  readonly pitch: number;
  readonly chipHeight: number;
  /** The distance of the error handlers below the turn, if they have their own row. */
  readonly handlerRow: number;
}

const { gutter, inset, wire, band: PAD, head: HEAD } = GEOMETRY;
/** Above the box of a body that is made while it is sent, and below. */
const AROUND_BODY = 44;
const ABOVE_BODY = 8;

export function frameOf(scene: Scene): Frame {
  const { journey, space } = scene;
  const bands = arrangeBands(scene);
  const viewHeight = ribbonHeight(journey.view, journey.trace.state === "running");
  const bodyHeight = journey.body === null ? 0 : ribbonHeight(journey.body, false) + AROUND_BODY;
  const gapToView = gapAbove(scene);
  const { fixed, pitch, rows } = vertical(scene, bands, bodyHeight + gapToView + viewHeight);
  const width = widthFor(scene, fixed + rows * pitch);
  const XL = gutter + bands.length * inset + wire;
  const XR = width - XL;
  const handlerRow = needsHandlerRow(scene, XR - XL) ? pitch + 6 : 0;
  const { tops, end } = bandTops(bands, HEAD + bodyHeight, pitch);
  const turnY = end + 4 + pitch / 2;
  const view = { top: turnY + pitch / 2 + gapToView + handlerRow, height: viewHeight };
  const bottoms = bandBottoms(bands.length, view.top + viewHeight + 2);
  return {
    width,
    height: Math.max(fixed + rows * pitch + handlerRow, (bottoms[0] ?? 0) + 9),
    bands,
    tops,
    bottoms,
    XL,
    XR,
    CX: width / 2,
    X0: gutter,
    X1: width - gutter,
    topY: journey.body === null ? HEAD - 8 : HEAD - 10,
    turnY,
    view,
    body: journey.body === null ? null : { top: HEAD - ABOVE_BODY, height: bodyHeight - AROUND_BODY },
    gapToView,
    pitch,
    chipHeight: chipHeight(space.stage === true, pitch),
    handlerRow,
  };
}

function chipHeight(stage: boolean, pitch: number): number {
  const { most, stage: mostOnStage, gap } = GEOMETRY.chip.height;
  return Math.min(stage ? mostOnStage : most, pitch - gap);
}

function gapAbove({ journey }: Scene): number {
  const { usual, raised } = GEOMETRY.gapToView;
  const wires =
    journey.trace.error !== null ||
    journey.view.step?.outcome === "raised" ||
    journey.handlers.some((chip) => chip.pills.length + chip.inner.length > 0);
  return wires ? raised : usual;
}

interface Vertical {
  /** The height of all but the rows, and how many rows there are. */
  readonly fixed: number;
  readonly rows: number;
  readonly pitch: number;
}

/** Rows are as far apart as the space lets them. */
function vertical(scene: Scene, bands: readonly BandRows[], inside: number): Vertical {
  const { space } = scene;
  const { least, stage, most } = GEOMETRY.row;
  const rows = bands.reduce((sum, each) => sum + each.rows, 0) + 1;
  const empty = bands.filter((each) => each.left.length + each.right.length === 0).length;
  const padding = bands.length * (PAD.top + PAD.bottom + PAD.rows) + empty * PAD.empty;
  const fixed = HEAD + inside + padding + 16;
  const wanted = (leastWidth(scene) / aspectOf(space) - fixed) / rows;
  return { fixed, rows, pitch: Math.max(space.stage === true ? stage : least, Math.min(most, wanted)) };
}

function aspectOf({ width, height }: Scene["space"]): number {
  return Math.max(0.6, width / Math.max(1, height));
}

/** It has the aspect ratio of the space; a diagram that scrolls has only its width. */
function widthFor(scene: Scene, height: number): number {
  const { space } = scene;
  const wanted = space.height < height * SMALLEST ? space.width : height * aspectOf(space);
  return Math.max(leastWidth(scene), Math.min(GEOMETRY.width.most, wanted));
}

/** Error handlers are between dispatch and make_response, if they fit. */
function needsHandlerRow(scene: Scene, between: number): boolean {
  const { handlers, dispatch, response } = scene.journey;
  if (handlers.length === 0) return false;
  const wide = handlers.reduce((sum, chip) => sum + chipWidth(scene, chip) + 60, 0);
  const room = between - chipWidth(scene, dispatch) - chipWidth(scene, response) - 50;
  return response.step?.outcome === "raised" || room < wide + 34;
}

function bandTops(
  bands: readonly BandRows[],
  from: number,
  pitch: number,
): { readonly tops: readonly number[]; readonly end: number } {
  const tops: number[] = [];
  let y = from;
  for (const each of bands) {
    tops.push(y);
    y += PAD.top + Math.max(PAD.empty, each.rows * pitch) + PAD.rows;
  }
  return { tops, end: y };
}

/** The innermost band ends first. */
function bandBottoms(levels: number, from: number): readonly number[] {
  const bottoms: number[] = [];
  for (let bottom = from; bottoms.length < levels;) bottoms.unshift((bottom += PAD.bottom));
  return bottoms;
}
