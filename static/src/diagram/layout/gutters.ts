/** The gutters beside the bands: each step's own time as a bar. */

import { time } from "../../trace/format";
import { brief } from "../../trace/holds";
import type { Frame } from "./frame";
import { GEOMETRY } from "./geometry";
import type { Bar } from "./place";
import { widthOf, type Scene } from "./scene";
import { hatched } from "./hatch";
import { phrase, rect, type Shape } from "./shapes";
import type { Layers } from "./sheet";

/** The parts of the longest bar from which one is bolder, if it is also a visible part of the whole. */
const WARM = 0.12;
const HOT = 0.5;
const VISIBLE = 0.01;
/** From a bar to its time. */
const TEXT_GAP = 6;

export function drawGutters(
  scene: Scene,
  frame: Frame,
  bars: readonly Bar[],
  all: readonly Bar[],
): Partial<Layers> {
  const { X0, X1, tops, narrow } = frame;
  if (narrow) return {};
  // The scale is that of all bars, also of those to come.
  const every = [...bars, ...all];
  const most = Math.max(1, ...every.map((bar) => (bar.sent ? 0 : bar.ns - bar.held)));
  const length = longest(scene, every);
  const top = (tops[0] ?? 0) + 2;
  return {
    nodes: bars.flatMap((bar) => drawBar(scene, frame, bar, most, length)),
    front: [phrase(X0 - 10, top, "end", "step time", "gh"), phrase(X1 + 10, top, "start", "step time", "gh")],
  };
}

/** The length of the longest bar, which leaves room for its time. */
function longest(scene: Scene, bars: readonly Bar[]): number {
  const { length, gap, held } = GEOMETRY.bar;
  const widest = Math.max(0, ...bars.map((bar) => widthOf(scene, textOf(bar), "barTime")));
  const beside = bars.some(({ isHeld }) => isHeld) ? held : 0;
  return Math.max(8, Math.min(length, GEOMETRY.gutter - gap - TEXT_GAP - widest - 2 - beside));
}

/** A time for which it was held is one that a person waited for. */
function textOf({ ns, held, now }: Bar): string {
  return now !== null ? brief(now) : held > 0 ? brief(ns) : time(ns);
}

function drawBar(scene: Scene, { X0, X1 }: Frame, bar: Bar, most: number, length: number): readonly Shape[] {
  const { height, gap } = GEOMETRY.bar;
  const left = bar.side === "left";
  const edge = left ? X0 - gap : X1 + gap;
  const anchor = left ? "end" : "start";
  // The server's time to send is not part of the app's time.
  if (bar.sent) return [phrase(edge, bar.y + 4, anchor, time(bar.ns), "bd")];
  if (bar.now !== null) return drawHeld(bar, edge, length + GEOMETRY.bar.held, 0);
  const own = bar.ns - bar.held;
  const part = own / most;
  const w = Math.max(1.5, part * length);
  if (bar.isHeld) return drawHeld(bar, edge, GEOMETRY.bar.held, w);
  const visible = bar.ns >= scene.journey.total * VISIBLE;
  const heat = !visible ? "" : part > HOT ? "hot" : part > WARM ? "warm" : "";
  return [
    rect(left ? edge - w : edge, bar.y - height / 2, w, height, 2, `bar ${heat}`),
    phrase(left ? edge - w - TEXT_GAP : edge + w + TEXT_GAP, bar.y + 4, anchor, time(bar.ns), `bd ${heat}`),
  ];
}

/** Outside the bar of what it took itself, hatched: at no scale. */
function drawHeld(bar: Bar, edge: number, length: number, own: number): readonly Shape[] {
  const { height } = GEOMETRY.bar;
  const left = bar.side === "left";
  const x = left ? edge - own - length : edge + own;
  const textX = left ? x - TEXT_GAP : x + length + TEXT_GAP;
  const heat = bar.now === null ? "" : "hot";
  return [
    ...(own === 0 ? [] : [rect(left ? edge - own : edge, bar.y - height / 2, own, height, 2, "bar warm")]),
    ...hatched(x, bar.y - height / 2 - 1, length, height + 2),
    phrase(textX, bar.y + 4, left ? "end" : "start", textOf(bar), `bd ${heat}`),
  ];
}
