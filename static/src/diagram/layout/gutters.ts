/** The gutters beside the bands: each step's own time as a bar. */

import { time } from "../../trace/format";
import type { Frame } from "./frame";
import { GEOMETRY } from "./geometry";
import type { Bar } from "./place";
import type { Scene } from "./scene";
import { phrase, rect, type Shape } from "./shapes";
import type { Layers } from "./sheet";

/** The shares of the request's time from which a bar is bolder. */
const WARM = 0.03;
const HOT = 0.25;

export function drawGutters(scene: Scene, frame: Frame, bars: readonly Bar[]): Partial<Layers> {
  const { X0, X1, tops } = frame;
  const most = Math.max(1, ...bars.map((bar) => (bar.sent ? 0 : bar.ns)));
  const top = (tops[0] ?? GEOMETRY.head) + 1;
  return {
    nodes: bars.flatMap((bar) => drawBar(scene, frame, bar, most)),
    front: [phrase(X0 - 10, top, "end", "step time", "gh"), phrase(X1 + 10, top, "start", "step time", "gh")],
  };
}

function drawBar(scene: Scene, { X0, X1 }: Frame, bar: Bar, most: number): readonly Shape[] {
  const { length, height, gap } = GEOMETRY.bar;
  // The server's time to send is not part of the app's time.
  if (bar.sent) return [phrase(X1 + 14, bar.y + 4, "start", time(bar.ns), "bd")];
  const w = Math.max(1.5, (bar.ns / most) * length);
  const { total } = scene.journey;
  const share = total > 0 ? bar.ns / total : 0;
  const heat = share > HOT ? "hot" : share > WARM ? "warm" : "";
  const left = bar.side === "left";
  const edge = left ? X0 - gap : X1 + gap;
  return [
    rect(left ? edge - w : edge, bar.y - height / 2, w, height, 2, `bar ${heat}`),
    phrase(left ? edge - w - 6 : edge + w + 6, bar.y + 4, left ? "end" : "start", time(bar.ns), `bd ${heat}`),
  ];
}
