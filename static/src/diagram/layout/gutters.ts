/** The gutters beside the bands: each step's own time as a bar. */

import { time } from "../../trace/format";
import type { Frame } from "./frame";
import { GEOMETRY } from "./geometry";
import type { Bar } from "./place";
import type { Scene } from "./scene";
import { phrase, rect, type Shape } from "./shapes";
import type { Layers } from "./sheet";

/** The parts of the longest bar from which one is bolder, if it is also a visible part of the whole. */
const WARM = 0.12;
const HOT = 0.5;
const VISIBLE = 0.01;

export function drawGutters(
  scene: Scene,
  frame: Frame,
  bars: readonly Bar[],
  all: readonly Bar[],
): Partial<Layers> {
  const { X0, X1, tops, narrow } = frame;
  if (narrow) return {};
  // The scale is that of all bars, also of those to come.
  const most = Math.max(1, ...[...bars, ...all].map((bar) => (bar.sent ? 0 : bar.ns)));
  const top = (tops[0] ?? 0) + 2;
  return {
    nodes: bars.flatMap((bar) => drawBar(scene, frame, bar, most)),
    front: [phrase(X0 - 10, top, "end", "step time", "gh"), phrase(X1 + 10, top, "start", "step time", "gh")],
  };
}

function drawBar(scene: Scene, { X0, X1 }: Frame, bar: Bar, most: number): readonly Shape[] {
  const { length, height, gap } = GEOMETRY.bar;
  const left = bar.side === "left";
  const edge = left ? X0 - gap : X1 + gap;
  const anchor = left ? "end" : "start";
  // The server's time to send is not part of the app's time.
  if (bar.sent) return [phrase(edge, bar.y + 4, anchor, time(bar.ns), "bd")];
  const part = bar.ns / most;
  const w = Math.max(1.5, part * length);
  const visible = bar.ns >= scene.journey.total * VISIBLE;
  const heat = !visible ? "" : part > HOT ? "hot" : part > WARM ? "warm" : "";
  return [
    rect(left ? edge - w : edge, bar.y - height / 2, w, height, 2, `bar ${heat}`),
    phrase(left ? edge - w - 6 : edge + w + 6, bar.y + 4, anchor, time(bar.ns), `bd ${heat}`),
  ];
}
