/** Turn a journey into shapes for the available space. */

import type { Journey } from "../model/types";
import { drawBands } from "./bands";
import { drawBeads } from "./beads";
import { placeChips, placesOf } from "./chips";
import { frameOf } from "./frame";
import { drawGutters } from "./gutters";
import { drawHandlers } from "./handlers";
import { drawHead } from "./head";
import { drawRibbon } from "./ribbon/ribbon";
import { scaled } from "./scale";
import { sceneOf } from "./scene";
import type { Shape } from "./shapes";
import { stack, type Axes, type Drawing, type Space } from "./sheet";
import { drawWires } from "./wires/wires";

/** Draw a journey: a px of the drawing is one of the screen, whatever the scale. */
export function draw(journey: Journey, space: Space): Drawing {
  const { scale = 1, width, height } = space;
  return scaled(drawUnscaled(journey, { ...space, width: width / scale, height: height / scale }), scale);
}

/** With a ring where it is: at the selected step or, if that is not drawn, at the step in which it ran. */
function drawUnscaled(journey: Journey, space: Space): Drawing {
  const drawing = drawOnce(journey, space);
  const { selected } = space;
  if (selected === null || drawing.shapes.some(isMarked)) return drawing;
  const parent = journey.trace.steps[selected]?.parent ?? selected;
  return parent < selected ? drawUnscaled(journey, { ...space, selected: parent }) : drawing;
}

function isMarked(shape: Shape): boolean {
  if (shape.el === "circle") return shape.cls === "ring";
  if (shape.el === "node" && shape.current) return true;
  return "shapes" in shape && shape.shapes.some(isMarked);
}

function drawOnce(journey: Journey, space: Space): Drawing {
  const scene = sceneOf(journey, space);
  const frame = frameOf(scene);
  const placements = placeChips(scene, frame);
  const places = placesOf(placements);
  const view = drawRibbon(scene, frame, journey.view, frame.view);
  const body =
    journey.body === null || frame.body === null ? null : drawRibbon(scene, frame, journey.body, frame.body);
  const axes: Axes = { view: view.axis, body: body?.axis ?? null };
  const bars = placements.flatMap(({ bar }) => (bar === null ? [] : [bar]));
  const shapes = stack([
    drawBands(scene, frame, placements),
    { nodes: placements.flatMap(({ nodes }) => nodes) },
    view,
    body ?? {},
    ...drawHandlers(scene, frame),
    drawWires(scene, frame, places, axes),
    { front: drawBeads(scene, frame, places, axes) },
    { front: drawHead(scene, frame) },
    drawGutters(scene, frame, bars),
  ]);
  return { width: frame.width, height: frame.height, shapes };
}
