/** Where one looks, and from how near: all of it, or a part. */

import { signal } from "@preact/signals";

import type { Step } from "../types";
import type { Drawing } from "./layout";
import type { Node, Shape } from "./shapes";

/** The drawing is seen `k` times as large, shifted by `x` of its width and `y` of its height. */
export interface Look {
  readonly k: number;
  readonly x: number;
  readonly y: number;
}

export const FIT: Look = { k: 1, x: 0, y: 0 };
const NEAREST = 8;
const STEP_ZOOM = 1.7;
const RIM = 0.38;

/** How it was chosen to look, by keys, wheel or hand. */
export const look = signal<Look>(FIT);

/** Go nearer or further; what is at `about` stays there, by default the middle. */
export function zoomed(from: Look, by: number, [x, y]: readonly [x: number, y: number] = [0.5, 0.5]): Look {
  const k = Math.min(NEAREST, Math.max(1, from.k * by));
  return held({ k, x: x - ((x - from.x) / from.k) * k, y: y - ((y - from.y) / from.k) * k });
}

export function moved(from: Look, dx: number, dy: number): Look {
  return held({ ...from, x: from.x + dx, y: from.y + dy });
}

/** Nothing outside the drawing comes into sight. */
function held(wanted: Look): Look {
  const within = (value: number): number => Math.min(0, Math.max(1 - wanted.k, value));
  return { k: wanted.k, x: within(wanted.x), y: within(wanted.y) };
}

/** Look at a step from near, or, where it is not drawn, at that in which it ran; at all, where there is neither. */
export function atStep(drawing: Drawing, step: number, steps: readonly Step[]): Look {
  const at = middle(find(drawing.shapes, step)?.shapes ?? []);
  const parent = steps[step]?.parent ?? step;
  if (at === undefined) return parent < step ? atStep(drawing, parent, steps) : FIT;
  const x = at[0] / drawing.width;
  // What stands at a wire is seen with its time, at the rim.
  return held({
    k: STEP_ZOOM,
    x: x < RIM ? 0 : x > 1 - RIM ? -1 : 0.5 - x * STEP_ZOOM,
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
