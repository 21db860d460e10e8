/** The lane of the requests that were made inside. */

import type { Step } from "../../../api/types";
import { ellipsize } from "../../../trace/text";
import { widthOf, type Scene } from "../scene";
import { phrase, rect, type Shape } from "../shapes";
import { xOf, type Box } from "./box";
import type { Part } from "./part";

const LONGEST_PATH = 30;

export function drawInner(scene: Scene, box: Box, y: number): Partial<Part> {
  const step = box.ribbon.step as Step;
  const inner = box.ribbon.inner.flatMap((each): readonly Shape[] => {
    const begin = (each.started_at - scene.journey.trace.started_at) * 1e9;
    if (!scene.moment.begun({ ...step, begin })) return [];
    const x = xOf(box, begin);
    const w = Math.max(8, xOf(box, begin + (each.duration ?? each.elapsed)) - x - 2);
    const answer = `${each.status ?? "…"} ↗`;
    const whole = `${each.method} ${ellipsize(each.path, LONGEST_PATH)} ${answer}`;
    const text = [whole, answer, "↗"].find((one) => widthOf(scene, one, "segment") < w - 12);
    const shapes = [
      rect(x, y, w, 22, 4, "seg req"),
      ...(text === undefined ? [] : [phrase(x + 7, y + 15, "start", text, "sl")]),
    ];
    const label = `request inside: ${whole}`;
    return [{ el: "link", key: `link:${each.id}`, trace: each.id, label, shapes }];
  });
  return { inner };
}
