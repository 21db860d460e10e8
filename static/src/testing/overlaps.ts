/** What of a drawing lies on what: boxes of its texts, rectangles and circles. */

import type { Measure, Shape } from "../diagram/layout/shapes";
import type { Drawing } from "../diagram/layout/sheet";

export interface Box {
  readonly said: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Of each letter, in any font, px. */
const CHARACTER = 7.2;
export const measure: Measure = (text) => Array.from(text).length * CHARACTER;

export function* flat(shapes: readonly Shape[]): Generator<Shape> {
  for (const shape of shapes) {
    yield shape;
    if ("shapes" in shape) yield* flat(shape.shapes);
  }
}

export function textsOf(drawing: Drawing): Box[] {
  return [...flat(drawing.shapes)].flatMap((shape): Box[] => {
    if (shape.el !== "text") return [];
    const said = shape.parts.map(({ text }) => text).join(" ");
    const wide = shape.parts.reduce(
      (sum, { text, dx = 0 }, index) => sum + measure(text, "") + (index > 0 ? dx : 0),
      0,
    );
    const left =
      shape.anchor === "start" ? shape.x : shape.anchor === "end" ? shape.x - wide : shape.x - wide / 2;
    return said.trim() === ""
      ? []
      : [{ said, left, right: left + wide, top: shape.y - 9, bottom: shape.y + 2 }];
  });
}

export function rectsOf(drawing: Drawing, name: RegExp): Box[] {
  return [...flat(drawing.shapes)].flatMap((shape): Box[] =>
    shape.el === "rect" && name.test(shape.cls)
      ? [
          {
            said: shape.cls,
            left: shape.x,
            right: shape.x + shape.w,
            top: shape.y,
            bottom: shape.y + shape.h,
          },
        ]
      : [],
  );
}

/** Diamonds, by the first point of their path, which is their top. */
export function linesOf(drawing: Drawing, name: RegExp): Box[] {
  return [...flat(drawing.shapes)].flatMap((shape): Box[] => {
    if (shape.el !== "path" || !name.test(shape.cls)) return [];
    const [x = 0, y = 0] = [...shape.d.matchAll(/-?[\d.]+/g)].map(Number);
    return [{ said: shape.cls, left: x - 5, right: x + 5, top: y, bottom: y + 10 }];
  });
}

export function circlesOf(drawing: Drawing, name: RegExp): Box[] {
  return [...flat(drawing.shapes)].flatMap((shape): Box[] =>
    shape.el === "circle" && name.test(shape.cls)
      ? [
          {
            said: shape.cls,
            left: shape.cx - shape.r,
            right: shape.cx + shape.r,
            top: shape.cy - shape.r,
            bottom: shape.cy + shape.r,
          },
        ]
      : [],
  );
}

export function overlaps(boxes: readonly Box[], others: readonly Box[], by = 0.5): string[] {
  return boxes.flatMap((box, index) =>
    (boxes === others ? boxes.slice(index + 1) : others).flatMap((other) => {
      const wide = Math.min(box.right, other.right) - Math.max(box.left, other.left);
      const high = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
      return wide > by && high > by ? [`${box.said} | ${other.said}`] : [];
    }),
  );
}
