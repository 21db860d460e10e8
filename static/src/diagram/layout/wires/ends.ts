/** The end of the wire: it leaves the drawing, or has reached the current step. */

import { time } from "../../../trace/format";
import { ellipsize } from "../../../trace/text";
import type { Stop } from "../../model/types";
import { GEOMETRY } from "../geometry";
import { circle, d, line, phrase, type Shape } from "../shapes";
import type { Point } from "../sheet";
import { leaveView, mark, pointOf, wire, type Drawn, type Net } from "./net";

const LONGEST_ERROR = 36;

export function drawEnd(net: Net, stop: Stop): Drawn {
  const { moving, body, propagated } = net.scene.journey;
  const point = pointOf(net, stop);
  if (moving) return { front: drawClock(net, stop, point) };
  const { XR, topY } = net.frame;
  const note = propagated === null ? [] : [propagatedNote(net, propagated)];
  if (body === null || propagated !== null) {
    const way = wayOut(net, stop, point);
    const head = mark(d`M${XR - 8} ${topY + 1}h16l-8-11z`, propagated === null ? "out" : "err");
    return { wires: way === null ? [] : [way], front: [...(way === null ? [] : [head]), ...note] };
  }
  return {
    front: net.axes.body?.cut === true ? note : [mark(d`M${XR - 8} ${topY + 5}h16l-8-11z`, "out"), ...note],
  };
}

/** From the last stop out of the drawing. */
function wayOut(net: Net, stop: Stop, point: Point | undefined): Shape | null {
  const { propagated, view } = net.scene.journey;
  const { XR, topY } = net.frame;
  const tone = propagated === null ? "out" : "err";
  if (point !== undefined && point.x >= XR) return wire(d`M${XR} ${point.y}V${topY}`, tone);
  const fails = propagated !== null && stop.key === "view" && view.error !== null;
  return fails ? leaveView(net, net.viewEnd, topY, tone) : null;
}

function propagatedNote({ scene, frame }: Net, propagated: string): Shape {
  const { view, trace } = scene.journey;
  if (view.error !== null) {
    const text = "the exception goes on to the server: no after-hooks, no session save";
    return phrase(frame.XR - 14, frame.view.top - 4, "end", text, "tag err halo2");
  }
  const late = trace.status !== null ? ", after the status was sent" : "";
  const text = `goes on to the server${late}: ${ellipsize(propagated, LONGEST_ERROR)}`;
  return phrase(frame.XR - 24, 44, "end", text, "tag err ");
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
