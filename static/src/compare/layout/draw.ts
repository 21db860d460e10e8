/** Turn the picture of two requests into shapes for the available space. */

import { scaled } from "../../diagram/layout/scale";
import type { Drawing } from "../../diagram/layout/sheet";
import type { Shape } from "../../diagram/layout/shapes";
import type { Compared } from "../model/types";
import { axisOf } from "./axis";
import { drawBands, drawLabels } from "./bands";
import { placeChips, type Placement } from "./chips";
import { frameOf } from "./frame";
import { drawGutters } from "./gutters";
import type { Space } from "./space";
import { drawView } from "./view";
import { drawWires } from "./wires";

export interface ComparedDrawing extends Drawing {
  /** The indexes of the steps, in the order in which the wires pass them. */
  readonly order: readonly number[];
}

export function drawCompared(model: Compared, space: Space): ComparedDrawing {
  const { scale = 1, width, height } = space;
  const drawing = drawUnscaled(model, { ...space, width: width / scale, height: height / scale });
  return { ...drawing, ...scaled(drawing, scale) };
}

function drawUnscaled(model: Compared, space: Space): ComparedDrawing {
  const frame = frameOf(model, space);
  const axis = axisOf(model, frame);
  const placements = placeChips(frame, space, model.single);
  const view = drawView(model, axis, space);
  const wires = drawWires(model, frame, axis, placements);
  const shapes: readonly Shape[] = [
    ...drawBands(frame),
    ...view.back,
    ...wires.wires,
    ...drawLabels(frame, space, placements),
    ...placements.map(({ node }) => node),
    ...view.nodes,
    ...wires.front,
    ...drawGutters(frame, space, placements, model.single),
  ];
  return { width: frame.width, height: frame.height, shapes, order: orderOf(model, placements) };
}

function orderOf({ view }: Compared, placements: readonly Placement[]): readonly number[] {
  const on = (side: Placement["side"]): readonly number[] =>
    placements.filter((each) => each.side === side).flatMap(({ chip }) => chip.index ?? []);
  const all = [...on("left"), ...(view.index === null ? [] : [view.index]), ...[...on("right")].reverse()];
  return [...new Set(all)];
}
