/** The end of the wire: it leaves the drawing, or has reached the current step. */

import { time } from "../../../trace/format";
import type { Stop } from "../../model/types";
import { GEOMETRY } from "../geometry";
import { circle, d, line, phrase, type Shape } from "../shapes";
import type { Point } from "../sheet";
import { leaveView, mark, pointOf, wire, type Drawn, type Net, type Tone } from "./net";

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
  const text = `waiting for ${time(hung)}`;
  if (inRibbon) return [...clock, phrase(x - 24, y - 12, "end", text, "tag short halo2")];
  if (point === undefined) return clock;
  const left = point.x === XL;
  const beside = left ? point.right + 10 : point.left - 10;
  return [...clock, phrase(beside, point.y + 4.5, left ? "start" : "end", text, "tag short")];
}
