/** The camera: the visible part of the diagram, and its scale. */

import { signal } from "@preact/signals";

import type { Step } from "../api/types";
import type { Drawing } from "./layout/sheet";
import type { Node, Shape } from "./layout/shapes";

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
  const at = middle(find(drawing.shapes, step)?.shapes ?? []);
  const parent = steps[step]?.parent ?? step;
  if (at === undefined) return parent < step ? atStep(drawing, parent, steps) : FIT;
  const x = at[0] / drawing.width;
  // A chip is shown together with its time at the edge.
  return clamp({
    k: STEP_ZOOM,
    x: x < EDGE ? 0 : x > 1 - EDGE ? -1 : 0.5 - x * STEP_ZOOM,
    y: 0.5 - (at[1] / drawing.height) * STEP_ZOOM,
  });
}

function find(shapes: readonly Shape[], step: number): Node | undefined {
  return shapes.find((shape): shape is Node => shape.el === "node" && shape.step === step);
}

function middle(shapes: readonly Shape[]): readonly [x: number, y: number] | undefined {
  for (const shape of shapes) {
    if (shape.el === "rect") return [shape.x + shape.w / 2, shape.y + shape.h / 2];
    if (shape.el === "circle") return [shape.cx, shape.cy];
  }
  return undefined;
}
