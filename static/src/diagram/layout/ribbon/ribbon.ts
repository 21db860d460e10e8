/** Draw a true-time ribbon: its lanes, and the wire as its axis. */

import { time } from "../../../trace/format";
import { ellipsize } from "../../../trace/text";
import type { Ribbon } from "../../model/types";
import type { Frame } from "../frame";
import { GEOMETRY } from "../geometry";
import { breakAt, breakOut } from "../breakpoints";
import { hatched } from "../hatch";
import { LONGEST_TITLE, pauseShapes } from "../nodes";
import { fit, widthOf, type Scene } from "../scene";
import { circle, d, line, phrase, rect, words, type Node, type Shape } from "../shapes";
import type { Axis, Layers } from "../sheet";
import { drawBars, hasBar } from "./bars";
import { drawAxisBeads } from "./beads";
import { axisOf, boxOf, type Box } from "./box";
import { drawBrackets } from "./brackets";
import { drawChunks } from "./chunks";
import { drawContexts } from "./contexts";
import { drawInner } from "./inner";
import {
  aboveLanes,
  BRACKET_HEIGHT,
  bracketRows,
  isOf,
  LANE_HEIGHT,
  LANE_NAMES,
  lanesOf,
  type Lane,
} from "./lanes";
import { together, type Part } from "./part";
import { drawTicks } from "./ticks";
import { titleOf } from "./title";

const RADIUS = 12;
const LONGEST_NOTE = 90;

interface DrawnRibbon extends Partial<Layers> {
  readonly axis: Axis;
}

export function drawRibbon(
  scene: Scene,
  frame: Frame,
  ribbon: Ribbon,
  place: { readonly top: number; readonly height: number },
): DrawnRibbon {
  const box = boxOf(frame, ribbon, place);
  const { left, right, top, height } = box;
  const shape = (cls: string): Shape => rect(left, top, right - left, height, RADIUS, cls);
  // Behind the wire, which runs through it as its axis; what takes the clicks lies above the wire.
  const back = shape(`vbox ${toneOf(box)}`);
  const hit = shape("hit");
  const ran = ribbon.step !== null && ribbon.state !== "pending";
  const drawn = ran ? drawRun(scene, box, hit) : drawEmpty(scene, frame, box, hit);
  return { ...drawn, back: [back, ...(drawn.back ?? [])], axis: axisOf(box) };
}

function toneOf({ ribbon, cut, isBody }: Box): string {
  if (ribbon.step === null || ribbon.state === "pending") return "ghost";
  if (ribbon.stage === "error_handler") return "err";
  return cut ? "err" : isBody ? "body" : "";
}

/** One that did not run, or not yet. */
function drawEmpty(scene: Scene, { CX }: Frame, box: Box, hit: Shape): Partial<Layers> {
  const { ribbon, begin, top, height } = box;
  const pending = ribbon.state === "pending";
  const text = ellipsize(pending ? ribbon.name : ribbon.note, LONGEST_NOTE);
  const { moving, trace } = scene.journey;
  // What the app map shows is no request.
  const isToCome = pending && moving && trace.steps.length > 0;
  const name = fit(scene, ribbon.name, "title", (CX - begin) * 1.5, LONGEST_NOTE);
  const shown = isToCome
    ? words(
        begin,
        top + 27,
        "start",
        { text: ribbon.kind, cls: "k gho" },
        { text: name, cls: "f gho", dx: 9 },
        { text: "not yet", cls: "k gho", dx: 14 },
      )
    : phrase(CX, top + height / 2 + 5, "middle", text, "note b");
  const node: Node = {
    el: "node",
    key: ribbon.key,
    step: ribbon.step?.id ?? null,
    stage: ribbon.stage,
    state: ribbon.state,
    label: pending ? `${ribbon.key} ${ribbon.name}: pending` : ribbon.note,
    current: false,
    shapes: [hit, shown, ...breakShapes(scene, box)],
  };
  return { nodes: [node] };
}

function drawRun(scene: Scene, box: Box, hit: Shape): Partial<Layers> {
  const { ribbon } = box;
  const title = titleOf(scene, box);
  const part = together([
    { shapes: [hit, ...title.shapes, ...breakShapes(scene, box)] },
    drawContexts(scene, box),
    drawLanes(scene, box),
    { shapes: drawTicks(scene, box) },
    drawMarks(scene, box),
  ]);
  const node: Node = {
    el: "node",
    key: ribbon.key,
    step: ribbon.step?.id ?? null,
    stage: ribbon.stage,
    state: ribbon.state,
    label: `${ribbon.kind} ${ribbon.name}: ${ribbon.state}, ${time(ribbon.duration)}`.slice(0, LONGEST_TITLE),
    ...(title.name === ribbon.name ? {} : { title: ribbon.name.slice(0, LONGEST_TITLE) }),
    current: isSelected(scene, box),
    held: ribbon.hold?.now != null,
    shapes: part.shapes,
  };
  return {
    back: part.back,
    nodes: [node, ...part.inner],
    front: [...part.front, ...drawAxisBeads(scene, box)],
  };
}

/** On the border of a view, and of a handler beside the wire, where it ends; what is no function has none. */
function breakShapes(scene: Scene, { ribbon, left, top, axisY }: Box): readonly Shape[] {
  const { stage, callable, key, kind } = ribbon;
  if (key === "body") return [];
  const name = ribbon.step?.name ?? callable?.split(/[:.]/).at(-1) ?? kind;
  const at = { stage, name, callable };
  if (key === "view") return breakAt(scene, at, null, left + 2, top + 22, -1);
  return breakAt(scene, at, null, scene.columns.XR + breakOut(scene), axisY, 1);
}

function isSelected({ space }: Scene, { ribbon }: Box): boolean {
  return ribbon.step !== null && ribbon.step.id === space.selected;
}

/** Whether the current step is in a lane, where it has no ring of its own. */
function isInside({ space }: Scene, { segments }: Ribbon): boolean {
  return space.selected === null || segments.some(({ id }) => id === space.selected);
}

function drawLanes(scene: Scene, box: Box): Part {
  const { ribbon, top, begin } = box;
  const parts: Partial<Part>[] = [];
  let y = top + aboveLanes(scene, ribbon);
  // The contexts that are pushed again have a border there.
  const edge = begin - (ribbon.contexts.some(({ seen }) => seen) ? 11 : 7);
  for (const lane of lanesOf(ribbon)) {
    if (lane === "sql") {
      parts.push(drawBrackets(scene, box, y));
      y += bracketRows(ribbon) * BRACKET_HEIGHT;
    }
    parts.push({ shapes: [phrase(edge, y + 15.5, "end", LANE_NAMES[lane], `lane ${lane}`)] });
    parts.push(drawLane(scene, box, lane, y));
    y += LANE_HEIGHT;
  }
  return together(parts);
}

function drawLane(scene: Scene, box: Box, lane: Lane, y: number): Partial<Part> {
  if (lane === "chunk") return drawChunks(scene, box, y);
  if (lane === "req") return drawInner(scene, box, y);
  const seen = box.ribbon.segments
    .filter(isOf(lane))
    .filter((step) => scene.moment.begun(step) && hasBar(step));
  return drawBars(scene, box, lane, y, seen);
}

/** On the wire: its direction, where it was cut, and where it is now. */
function drawMarks(scene: Scene, box: Box): Partial<Part> {
  const { ribbon, begin, stop, axisY, cut, failed } = box;
  const { halo, ring } = GEOMETRY.dot;
  const middle = (begin + stop) / 2;
  const running = ribbon.state === "running";
  // Of a request that is shown as a whole, the middle is as good as any other place.
  const x = running || scene.journey.moving ? stop : middle;
  const held = ribbon.hold?.now != null && !isBeadHeld(scene, ribbon);
  const now =
    !held && scene.journey.hung === null && (isSelected(scene, box) || (running && isInside(scene, ribbon)));
  return {
    shapes: failed ? notReached(scene, box) : [],
    front: [
      line(d`M${middle - 3} ${axisY - 4}l4 4l-4 4`, "chev"),
      ...(cut
        ? [
            circle(stop, axisY, 11, "dot err", "an exception was raised here"),
            line(d`M${stop - 4} ${axisY - 4}l8 8m0-8l-8 8`, "x"),
          ]
        : []),
      ...box.clock.holds.flatMap(([from, to]) => {
        const [x, w] = [begin + (box.length * from) / box.span, (box.length * (to - from)) / box.span];
        return hatched(x, axisY - 6, w, 12);
      }),
      ...(held ? pauseShapes(stop, axisY) : []),
      ...(now ? [circle(x, axisY, halo, "halo"), circle(x, axisY, ring, "ring")] : []),
    ],
  };
}

/** Whether the request is held at a step that has a bead of its own. */
function isBeadHeld({ journey }: Scene, { beads }: Ribbon): boolean {
  return beads.some(({ id }) => id === journey.held?.step);
}

/** The part after the exception. */
function notReached(scene: Scene, { ribbon, stop, end, top, axisY }: Box): readonly Shape[] {
  const from = stop + 16;
  const y = top + aboveLanes(scene, ribbon) + 2;
  const high = Math.min(42, axisY - y - 14);
  if (high <= 20) return [];
  const shapes = [rect(from, y, Math.max(0, end - from), high, 6, "hatch")];
  const fits = widthOf(scene, "not reached", "remark") < end - from - 8;
  return fits
    ? [...shapes, phrase((from + end) / 2, y + high / 2 + 4.5, "middle", "not reached", "note halo2")]
    : shapes;
}
