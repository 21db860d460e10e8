/** The ticks of an axis: round times. */

import { widthOf, type Scene } from "../scene";
import { phrase, type Shape } from "../shapes";
import { xOf, type Box } from "./box";

const MINUTE = 6e10;
const STEPS = [
  ...[1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9].flatMap((ns) => [ns, 2 * ns, 5 * ns]),
  1e10,
  3e10,
  ...[1, 5, 10, 30].map((minutes) => minutes * MINUTE),
];
const MOST = 8;
/** From one to the next. */
const APART = 14;
/** An axis shorter than this, ns, or a box lower than this, px, has none. */
const LEAST = 2000;
const LOW = 100;

export function drawTicks(scene: Scene, box: Box): readonly Shape[] {
  const { span, height, axisY, ribbon } = box;
  // An axis with a hold in it has no one scale.
  if (span <= LEAST || height < LOW || box.clock.holds.length > 0) return [];
  const length = xOf(box, ribbon.begin + span) - xOf(box, ribbon.begin);
  return ticksOf(span, length, (text) => widthOf(scene, text, "tick")).flatMap(({ at, text }) => {
    const x = xOf(box, ribbon.begin + at);
    const leaves = x + widthOf(scene, text, "tick") / 2 > box.right - 5;
    return at > ribbon.duration || leaves ? [] : [phrase(x, axisY + 22, "middle", text, "tick")];
  });
}

/** The round times of a span, ns, drawn at a length, px, as many as fit. */
export function ticksOf(
  span: number,
  length: number,
  widthOf: (text: string) => number,
): readonly { readonly at: number; readonly text: string }[] {
  const fits = (step: number): boolean => {
    const widest = Math.max(...[step, Math.floor(span / step) * step].map((t) => widthOf(tickText(t, step))));
    return span / step <= MOST && (length * step) / span >= widest + APART;
  };
  const step = STEPS.find(fits);
  if (step === undefined || step > span) return [];
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => ({
    at: index * step,
    text: tickText(index * step, step),
  }));
}

function tickText(t: number, step: number): string {
  if (t === 0) return "0";
  if (step >= MINUTE) return `${t / MINUTE} min`;
  if (step >= 1e9) return `${t / 1e9} s`;
  return step >= 1e6 ? `${t / 1e6} ms` : `${Math.round(t / 1000)} µs`;
}
