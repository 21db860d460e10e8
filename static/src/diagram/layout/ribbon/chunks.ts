/** The lane of the chunks of a body, as they were sent. */

import { grouped, size } from "../../../trace/format";
import { widthOf, type Scene } from "../scene";
import { phrase, rect, type Shape } from "../shapes";
import { xOf, type Box } from "./box";
import type { Part } from "./part";

/** The minimum width of a chunk with its size as text. */
const WIDTH = 58;

export function drawChunks(scene: Scene, box: Box, y: number): Partial<Part> {
  const { ribbon, begin, stop } = box;
  const shapes: Shape[] = [];
  let edge = -1;
  for (const chunk of ribbon.chunks) {
    const x = xOf(box, chunk.at);
    if (x - WIDTH / 2 >= edge) {
      // Beside the name of the lane, not over it, and not past the end of the axis.
      const from = Math.max(begin, Math.min(x - WIDTH / 2, Math.max(edge, stop - 54)));
      edge = from + WIDTH;
      const text = size(chunk.size).replace(".0", "");
      shapes.push(
        rect(from, y + 1, WIDTH, 20, 10, "seg chunk"),
        phrase(from + WIDTH / 2, y + 15.5, "middle", text, "sl"),
      );
    } else if (x - 2 > edge) {
      shapes.push(rect(x - 2, y + 1, 4, 20, 2, "seg chunk"));
      edge = x + 3;
    }
  }
  return { shapes: [...shapes, ...restShapes(scene, box, y, edge)] };
}

/** Later chunks have no time. */
function restShapes(scene: Scene, { ribbon, stop }: Box, y: number, edge: number): readonly Shape[] {
  const [from, w] = [edge + 3, stop - edge - 3];
  if (ribbon.more <= 0 || w <= 6) return [];
  const text = `${grouped(ribbon.more)} more`;
  const fits = widthOf(scene, text, "segment") < w - 12;
  return [
    rect(from, y + 1, w, 20, 2, "seg chunk dense"),
    ...(fits ? [phrase(from + 7, y + 15.5, "start", text, "sl")] : []),
  ];
}
