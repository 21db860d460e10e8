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
type Circle = Extract<Shape, { readonly el: "circle" }>;

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

/** Keep the viewport inside the drawing, of whose height a part may be seen. */
function clamp({ k, x, y }: View, seen = 1): View {
  const within = (value: number, size: number): number => Math.min(0, Math.max(size - k, value));
  return { k, x: within(x, 1), y: within(y, seen) };
}

/**
 * Zoom onto the ring, which is where the current step is; without one, onto a step or, if that is not drawn,
 * onto the step in which it ran; else show the whole diagram.
 *
 * @param height of the drawing, as far as it is seen: the rest is below.
 */
export function atStep(
  drawing: Drawing,
  step: number,
  steps: readonly Step[],
  height = drawing.height,
): View {
  const ring = ringIn(drawing.shapes);
  const node = drawing.shapes.find((shape): shape is Node =>
    ring === undefined
      ? shape.el === "node" && shape.step === step
      : shape.el === "node" && shape.shapes.includes(ring),
  );
  const shapes = node?.shapes ?? (ring === undefined ? [] : [ring]);
  const at = ring === undefined ? middle(shapes) : ([ring.cx, ring.cy] as const);
  const parent = steps[step]?.parent ?? step;
  if (at === undefined) return parent < step ? atStep(drawing, parent, steps, height) : FIT;
  const x = at[0] / drawing.width;
  const narrow = drawing.width < ROOMY ? inSight(shapes, drawing.width) : null;
  const { k } = narrow ?? { k: STEP_ZOOM };
  // A chip is shown together with its time at the edge.
  const edge = x < EDGE ? 0 : x > 1 - EDGE ? -1 : 0.5 - x * k;
  const seen = Math.min(1, height / drawing.height);
  return clamp({ k, x: narrow?.x ?? edge, y: seen / 2 - (at[1] / drawing.height) * k }, seen);
}

/** The ring around the current step; there is one at most. */
function ringIn(shapes: readonly Shape[]): Circle | undefined {
  for (const shape of shapes) {
    if (shape.el === "circle" && shape.cls === "ring") return shape;
    const inner = "shapes" in shape ? ringIn(shape.shapes) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** On a phone, a chip is hardly narrower than what is seen: no closer than it is in sight with its dot. */
function inSight(shapes: readonly Shape[], width: number): Pick<View, "k" | "x"> {
  const [left, right] = extent(shapes);
  const k = Math.max(1, Math.min(STEP_ZOOM, (width * (1 - 2 * MARGIN)) / (right - left)));
  return { k, x: 0.5 - ((left + right) / 2 / width) * k };
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
