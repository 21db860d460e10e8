/** The end of the wire: it leaves the drawing, or has reached the current step. */

import { time } from "../../../trace/format";
import type { Stop } from "../../model/types";
import { GEOMETRY } from "../geometry";
import { circle, d, line, phrase, type Shape } from "../shapes";
import type { Point } from "../sheet";
import { waitingFor } from "../names";
import { widthOf } from "../scene";
import { leaveView, mark, pointOf, wire, type Drawn, type Net, type Tone } from "./net";

/** From a text to what is beside it. */
const APART = 10;

export function drawEnd(net: Net, stop: Stop, failing: boolean): Drawn {
  const { moving, body, propagated } = net.scene.journey;
  const point = pointOf(net, stop);
  if (moving) return { front: drawClock(net, stop, point) };
  const { XR, topY } = net.frame;
  if (body === null || propagated !== null) {
    const tone = failing ? "err" : "out";
    const way = wayOut(net, stop, point, tone);
    if (way === null) return {};
    return { wires: [way], front: [mark(d`M${XR - 8} ${topY + 1}h16l-8-11z`, tone)] };
  }
  return net.axes.body?.cut === true ? {} : { front: [mark(d`M${XR - 8} ${topY + 5}h16l-8-11z`, "out")] };
}

/** From the last stop out of the drawing. */
function wayOut(net: Net, stop: Stop, point: Point | undefined, tone: Tone): Shape | null {
  const { XR, topY } = net.frame;
  if (point !== undefined && point.x >= XR) return wire(d`M${XR} ${point.y}V${topY}`, tone);
  const fails = stop.key === "view" && net.scene.journey.view.failed;
  return fails ? leaveView(net, net.viewEnd, topY, tone) : null;
}

/** The position where a request hangs, and for how long. */
function drawClock(net: Net, { key }: Stop, point: Point | undefined): readonly Shape[] {
  const { hung } = net.scene.journey;
  if (hung === null) return [];
  const { XL, XR, topY } = net.frame;
  const inRibbon = key === "view" || key === "body";
  const axis = key === "body" ? net.axes.body : net.axes.view;
  const x = inRibbon ? (axis?.end ?? XR) : (point?.x ?? XL);
  const y = inRibbon ? (axis?.y ?? net.axisY) : (point?.y ?? topY);
  const clock = [
    circle(x, y, GEOMETRY.dot.halo, "halo"),
    circle(x, y, 12, "clock"),
    line(d`M${x} ${y - 7}V${y}L${x + 5} ${y + 3}`, "hands"),
  ];
  // A ribbon says so in its title.
  if (inRibbon || point === undefined) return clock;
  return [...clock, ...drawWaited(net, point, hung)];
}

/** How long, in the longest text that its row has room for. */
function drawWaited({ scene, frame, places }: Net, { x, y }: Point, hung: number): readonly Shape[] {
  const { XL, XR, margin, chipHeight } = frame;
  const row = [...places.at.values()].filter((each) => Math.abs(each.y - y) < chipHeight);
  const from = Math.max(XL + margin, ...row.filter((each) => each.x === XL).map(({ right }) => right));
  const to = Math.min(XR - margin, ...row.filter((each) => each.x !== XL).map(({ left }) => left));
  const text = [waitingFor(hung), time(hung)].find(
    (each) => widthOf(scene, each, "note") <= to - from - 2 * APART,
  );
  if (text === undefined) return [];
  const left = x === XL;
  return [phrase(left ? from + APART : to - APART, y + 4.5, left ? "start" : "end", text, "tag short")];
}
