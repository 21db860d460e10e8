/** Other steps inside a ribbon: on the axis at their time, without overlap. */

import { grouped, plural, time } from "../../../trace/format";
import { spent } from "../../../trace/steps";
import { GEOMETRY } from "../geometry";
import { beadNode } from "../nodes";
import { pillRect } from "../pillShapes";
import { widthOf, type Scene } from "../scene";
import { phrase, type Shape } from "../shapes";
import { xOf, type Box } from "./box";

const APART = 12;
/** Before the end of the axis. */
const FREE = 30;

export function drawAxisBeads(scene: Scene, box: Box): readonly Shape[] {
  const { ribbon, begin, stop, axisY } = box;
  const key = `${ribbon.key}:beads`;
  const room = Math.max(1, Math.floor((stop - begin - FREE) / APART));
  const selected = ribbon.beads.some((step, index) => index >= room - 2 && step.id === scene.space.selected);
  const all = ribbon.beads.length <= room || scene.opened.has(key) || selected;
  const shown = all ? ribbon.beads : ribbon.beads.slice(0, room - 2);
  const rest = ribbon.beads.slice(shown.length);
  const text = `+${grouped(rest.length)}`;
  const wide = Math.max(40, widthOf(scene, text, "pill") + 16);
  const atStop = box.cut ? 18 : ribbon.hold?.now == null ? 4 : GEOMETRY.dot.pause + 8;
  const xs = positions(box, shown.length, rest.length > 0 ? wide + 10 : atStop);
  const beads = shown.map((step, index): Shape => {
    const took = spent(step);
    const label = `${step.stage} ${step.name}${took === 0 ? "" : `, ${time(took)}`}`;
    return beadNode(scene, step, label, xs[index] ?? begin, axisY);
  });
  if (rest.length === 0) return beads;
  return [
    ...beads,
    {
      el: "fold",
      key,
      steps: rest.map((step) => step.id),
      open: false,
      label: `${plural(rest.length, "more step")} inside`,
      shapes: [
        pillRect(stop - 2 - wide, axisY, wide, "more"),
        phrase(stop - 2 - wide / 2, axisY + 4.2, "middle", text, "pt"),
      ],
    },
  ];
}

/** At their time, moved on where they would touch, and back from the end of the axis. */
function positions(box: Box, count: number, free: number): readonly number[] {
  const { ribbon, begin, stop } = box;
  const apart = Math.min(APART, (stop - begin - FREE) / Math.max(1, count));
  const xs: number[] = [];
  for (const step of ribbon.beads.slice(0, count))
    xs.push(Math.max(xOf(box, step.begin), (xs.at(-1) ?? -Infinity) + apart));
  let limit = stop - free;
  for (let index = xs.length - 1; index >= 0; index--) {
    xs[index] = Math.min(xs[index] ?? 0, limit);
    limit = (xs[index] ?? 0) - apart;
  }
  return xs;
}
