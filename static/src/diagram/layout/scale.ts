/** A drawing at a larger scale: its lengths, and by `--s` of diagram.css its type and lines. */

import type { Shape } from "./shapes";
import type { Drawing } from "./sheet";

export function scaled(drawing: Drawing, by: number): Drawing {
  if (by === 1) return drawing;
  return {
    ...drawing,
    width: drawing.width * by,
    height: drawing.height * by,
    shapes: drawing.shapes.map((shape) => scaleShape(shape, by)),
  };
}

function scaleShape(shape: Shape, by: number): Shape {
  switch (shape.el) {
    case "rect":
      return {
        ...shape,
        x: shape.x * by,
        y: shape.y * by,
        w: shape.w * by,
        h: shape.h * by,
        rx: shape.rx * by,
      };
    case "circle":
      return { ...shape, cx: shape.cx * by, cy: shape.cy * by, r: shape.r * by };
    case "path":
      return { ...shape, d: scalePath(shape.d, by) };
    case "text": {
      const [first, ...rest] = shape.parts.map((part) =>
        part.dx === undefined ? part : { ...part, dx: part.dx * by },
      );
      return first === undefined
        ? shape
        : { ...shape, x: shape.x * by, y: shape.y * by, parts: [first, ...rest] };
    }
    default:
      return { ...shape, shapes: shape.shapes.map((each) => scaleShape(each, by)) };
  }
}

/** Paths are made of lines and curves alone, so that each number is a length. */
function scalePath(path: string, by: number): string {
  return path.replace(/-?\d+(?:\.\d+)?/g, (length) => (Math.round(Number(length) * by * 10) / 10).toString());
}
