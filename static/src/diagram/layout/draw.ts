/** Turn a journey into shapes for the available space. */

import type { Journey } from "../model/types";
import { drawBands } from "./bands";
import { drawBeads } from "./beads";
import { placeChips, placesOf } from "./chips";
import { drawGutters } from "./gutters";
import { drawHandlers } from "./handlers";
import { drawHead } from "./head";
import type { Bar, Placement } from "./place";
import { drawRibbon } from "./ribbon/ribbon";
import { scaled } from "./scale";
import { sceneOf } from "./scene";
import type { Shape } from "./shapes";
import { atMoment, layOut, settle } from "./settle";
import { stack, type Axes, type Drawing, type Space } from "./sheet";
import { drawWires } from "./wires/wires";

/**
 * Draw a journey: a px of the drawing is one of the screen, whatever the scale.
 *
 * @param settled the journey as it is at its end: a moment of a replay is drawn at the places of that.
 */
export function draw(journey: Journey, space: Space, settled?: Journey): Drawing {
  const { scale = 1, width, height } = space;
  const unscaled = { ...space, width: width / scale, height: height / scale };
  return scaled(drawUnscaled(journey, unscaled, settled), scale);
}

/** With a ring where it is: at the selected step or, if that is not drawn, at the step in which it ran. */
function drawUnscaled(journey: Journey, space: Space, settled: Journey | undefined): Drawing {
  const drawing = drawOnce(journey, space, settled);
  const { selected } = space;
  if (selected === null || drawing.shapes.some(isMarked)) return drawing;
  const parent = journey.trace.steps[selected]?.parent ?? selected;
  return parent < selected ? drawUnscaled(journey, { ...space, selected: parent }, settled) : drawing;
}

function isMarked(shape: Shape): boolean {
  if (shape.el === "circle") return shape.cls === "ring";
  if (shape.el === "node" && shape.current) return true;
  return "shapes" in shape && shape.shapes.some(isMarked);
}

function drawOnce(journey: Journey, space: Space, settled: Journey | undefined): Drawing {
  const whole =
    settled === undefined || settled === journey ? layOut(journey, space) : settle(settled, space);
  const isMoment = whole.scene.journey !== journey;
  const scene = isMoment ? sceneOf(journey, space) : whole.scene;
  const frame = isMoment ? atMoment(scene, whole) : whole.frame;
  const placements = isMoment ? placeChips(scene, frame) : whole.placements;
  const places = placesOf(placements);
  const view = drawRibbon(scene, frame, journey.view, frame.view);
  const body =
    journey.body === null || frame.body === null ? null : drawRibbon(scene, frame, journey.body, frame.body);
  const axes: Axes = { view: view.axis, body: body?.axis ?? null };
  const barsOf = (placed: readonly Placement[]): readonly Bar[] => placed.flatMap(({ bar }) => bar ?? []);
  const shapes = stack([
    drawBands(scene, frame, whole.placements),
    { nodes: placements.flatMap(({ nodes }) => nodes) },
    view,
    body ?? {},
    ...drawHandlers(scene, frame),
    drawWires(scene, frame, places, axes),
    { front: drawBeads(scene, frame, places, axes) },
    { front: drawHead(scene, frame) },
    drawGutters(scene, frame, barsOf(placements), barsOf(whole.placements)),
  ]);
  return { width: frame.width, height: frame.height, shapes };
}
