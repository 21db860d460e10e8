/** The camera: the visible part of the diagram, and its scale. */

import { signal } from "@preact/signals";

import type { Step } from "../api/types";
import type { Drawing } from "./layout/sheet";
import type { Node, Shape } from "./layout/shapes";
import { ROOMY } from "./sizes";

/** The drawing is seen `k` times as large, shifted by `x` of its width and `y` of its height. */
export interface View {
  readonly k: number;
  readonly x: number;
  readonly y: number;
}

export const FIT: View = { k: 1, x: 0, y: 0 };
const CLOSEST = 8;
const STEP_ZOOM = 1.7;
const EDGE = 0.38;
/** Beside the step at which it is, of the drawing. */
const MARGIN = 0.02;

/** The viewport that the user chose, by keys, wheel or dragging. */
export const view = signal<View>(FIT);

/** Zoom in or out around a point, by default the middle. */
export function zoomBy(from: View, by: number, [x, y]: readonly [x: number, y: number] = [0.5, 0.5]): View {
  const k = Math.min(CLOSEST, Math.max(1, from.k * by));
  return clamp({ k, x: x - ((x - from.x) / from.k) * k, y: y - ((y - from.y) / from.k) * k });
}

export function moveBy(from: View, dx: number, dy: number): View {
  return clamp({ ...from, x: from.x + dx, y: from.y + dy });
}

/** Keep the viewport inside the drawing. */
function clamp(wanted: View): View {
  const within = (value: number): number => Math.min(0, Math.max(1 - wanted.k, value));
  return { k: wanted.k, x: within(wanted.x), y: within(wanted.y) };
}

/**
 * Zoom onto a step or, if it is not drawn, onto the step in which it ran; else show the whole diagram.
 */
export function atStep(drawing: Drawing, step: number, steps: readonly Step[]): View {
  const shapes = find(drawing.shapes, step)?.shapes ?? [];
  const at = middle(shapes);
  const parent = steps[step]?.parent ?? step;
  if (at === undefined) return parent < step ? atStep(drawing, parent, steps) : FIT;
  const x = at[0] / drawing.width;
  const narrow = drawing.width < ROOMY ? inSight(shapes, drawing.width) : null;
  const { k } = narrow ?? { k: STEP_ZOOM };
  // A chip is shown together with its time at the edge.
  const edge = x < EDGE ? 0 : x > 1 - EDGE ? -1 : 0.5 - x * k;
  return clamp({ k, x: narrow?.x ?? edge, y: 0.5 - (at[1] / drawing.height) * k });
}

/** On a phone, a chip is hardly narrower than what is seen: no closer than it is in sight with its dot. */
function inSight(shapes: readonly Shape[], width: number): Pick<View, "k" | "x"> {
  const [left, right] = extent(shapes);
  const k = Math.max(1, Math.min(STEP_ZOOM, (width * (1 - 2 * MARGIN)) / (right - left)));
  return { k, x: 0.5 - ((left + right) / 2 / width) * k };
}

function find(shapes: readonly Shape[], step: number): Node | undefined {
  return shapes.find((shape): shape is Node => shape.el === "node" && shape.step === step);
}

/** From the left edge of its chip and its dot to the right one. */
function extent(shapes: readonly Shape[]): readonly [left: number, right: number] {
  const edges = shapes.flatMap((shape) =>
    shape.el === "rect"
      ? [shape.x, shape.x + shape.w]
      : shape.el === "circle"
        ? [shape.cx - shape.r, shape.cx + shape.r]
        : [],
  );
  return [Math.min(...edges), Math.max(...edges)];
}

function middle(shapes: readonly Shape[]): readonly [x: number, y: number] | undefined {
  for (const shape of shapes) {
    if (shape.el === "rect") return [shape.x + shape.w / 2, shape.y + shape.h / 2];
    if (shape.el === "circle") return [shape.cx, shape.cy];
  }
  return undefined;
}
