/** Contexts that exist for part of a ribbon, as rectangles behind the axis. */

import { widthOf, type Scene } from "../scene";
import { phrase, rect } from "../shapes";
import { xOf, type Box } from "./box";
import type { Part } from "./part";

export function drawContexts(scene: Scene, box: Box): Partial<Part> {
  const contexts = box.ribbon.contexts.filter((each) => each.seen);
  const [first] = contexts;
  if (first === undefined) return {};
  const { top, axisY, begin, end } = box;
  const back = contexts.map((each, index) => {
    const x = xOf(box, each.begin) - 5 + index * 3;
    const y = top + 36 + index * 4;
    const width = Math.max(20, xOf(box, each.end) + 5 - index * 3 - x);
    return rect(x, y, width, axisY + 12 - index * 4 - top - 36 - index * 4, 8, "band again");
  });
  const label = contexts.map((each) => each.label).join(", ");
  const width = widthOf(scene, label, "band") + 18;
  const middle = (xOf(box, first.begin) + xOf(box, first.end)) / 2;
  const x = Math.min(end - width / 2, Math.max(begin + width / 2, middle));
  return {
    back,
    shapes: [
      rect(x - width / 2, top + 33, width, 15, 7.5, "vlg"),
      phrase(x, top + 44, "middle", label, "lbl"),
    ],
  };
}
