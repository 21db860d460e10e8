/** Route the wire from one stop to the next. */

import { GEOMETRY } from "../geometry";
import { d, type Shape } from "../shapes";
import type { Axis, Point } from "../sheet";
import type { Stop } from "../../model/types";
import {
  arrow,
  leaveView,
  mark,
  pointOf,
  sideOf,
  turnIn,
  wire,
  type Drawn,
  type Net,
  type Side,
} from "./net";

interface Route extends Drawn {
  /** Whether an exception climbs from here on. */
  readonly failing?: boolean;
}

export function route(net: Net, from: Stop, to: Stop, failing: boolean): Route {
  const [a, b] = [pointOf(net, from) ?? null, pointOf(net, to) ?? null];
  const [fromSide, toSide] = [sideOf(net, from), sideOf(net, to)];
  const { body } = net.axes;
  if (toSide === "view" && a !== null) return { wires: intoView(net, a) };
  if (toSide === "body" && body !== null && a !== null) return { wires: [intoBody(net, body, a)] };
  if (a === null && fromSide === "view" && b !== null) return fromView(net, b);
  if (a === null || b === null) return {};
  if (isHandler(to)) return toHandler(net, from, to, a, b, fromSide);
  if (to.key === "make_response")
    return to.again ? toSecondResponse(net, from, a, b) : toResponse(net, from, a, b, fromSide);
  if (a.x === b.x || fromSide === toSide) return along(net, from, a, b, failing);
  if (fromSide !== "left" || toSide !== "right") return {};
  return across(net, a, b, from.failed || net.scene.journey.propagated !== null ? "err" : "short");
}

function isHandler({ key }: Stop): boolean {
  return key.startsWith("handler:");
}

/** Along a wire, or from the second way up back to the first. */
function along(net: Net, from: Stop, a: Point, b: Point, failing: boolean): Route {
  const tone = failing ? "err" : "out";
  if (a.x !== b.x) {
    const middle = (a.y + b.y) / 2;
    return { wires: [wire(d`M${a.x} ${a.y}V${middle + 8}L${b.x} ${middle - 8}V${b.y}`, tone)] };
  }
  const path = d`M${a.x} ${a.y}V${b.y}`;
  if (a.x === net.frame.XL) return { wires: [wire(path, "in")] };
  // Once a step on the way out has failed, the exception climbs.
  return from.failed ? { wires: [wire(path, "err")], failing: true } : { wires: [wire(path, tone)] };
}

function intoView(net: Net, { y }: Point): readonly Shape[] {
  const { frame, axisY, axes, viewEnd, scene } = net;
  const { view } = scene.journey;
  const until = view.state === "running" || view.failed ? viewEnd : frame.XR - GEOMETRY.bend;
  const way = wire(d`M${frame.XL} ${y}${turnIn(net)}H${until}`, "in");
  if (!view.thread) return [way];
  return [way, wire(d`M${(axes.view?.begin ?? frame.XL) - 14} ${axisY}H${until}`, "thr")];
}

/** Out of the bands, left above them, and through the strip of the body. */
function intoBody({ frame, scene }: Net, body: Axis, { y }: Point): Shape {
  const { XR, topY } = frame;
  const above = body.top + body.height + 15;
  const left = body.left + 24;
  const q = 14;
  const open = scene.journey.body?.state === "running" || body.cut;
  const end = open ? d`H${body.end}` : d`H${XR - q}q${q} 0 ${q} ${-q}V${topY + 4}`;
  const up = d`M${XR} ${y}V${above + q}q0 ${-q} ${-q} ${-q}`;
  const down = d`H${left + q}q${-q} 0 ${-q} ${-q}V${body.y + q}q0 ${-q} ${q} ${-q}`;
  return wire(`${up}${down}${end}`, "out");
}

/** Straight to the way out: an unhandled exception, or the response of a middleware. */
function across(net: Net, a: Point, b: Point, tone: "err" | "short" | "out"): Route {
  if (net.frame.lane > 0 && b.x === net.frame.XR) return byLane(net, a, b, tone);
  const bend = Math.max(36, (b.left - a.right) / 2);
  const [from, to] = [a.right + 5, b.left - 7];
  const path = d`M${from} ${a.y}C${from + bend} ${a.y} ${to - bend} ${b.y} ${to} ${b.y}`;
  return { wires: [wire(path, tone)], front: [arrow(b.left - 12, b.y, tone)], failing: tone === "err" };
}

/** Where chips leave no room between them: down or up beside those on the right, and back to the one. */
function byLane({ frame }: Net, a: Point, b: Point, tone: "err" | "short" | "out"): Route {
  const [x, edge] = [frame.XR - GEOMETRY.again - 9, b.right + 1];
  const q = 6;
  const turn = b.y > a.y ? q : -q;
  const from = a.x === frame.XR ? a.right : a.right + 5;
  const over = d`M${from} ${a.y}H${x - q}q${q} 0 ${q} ${turn}`;
  const back = d`V${b.y - turn / 2}q0 ${turn / 2} ${-q / 2} ${turn / 2}`;
  return {
    wires: [wire(over + back, tone)],
    front: [mark(d`M${edge + 9} ${b.y - 6}l-9 6l9 6z`, tone)],
    failing: tone === "err",
  };
}

/** An exception leaves it where it was raised, along the axis and up, as a response does at its end. */
function fromView(net: Net, point: Point): Route {
  const { journey } = net.scene;
  if (!journey.view.failed) return { wires: [leaveView(net, net.frame.XR - GEOMETRY.bend, point.y, "out")] };
  return { wires: [leaveView(net, net.viewEnd, point.y, "err")], failing: true };
}

/** To the first handler from where it was raised; to a further one up the way out. */
function toHandler(net: Net, from: Stop, to: Stop, a: Point, b: Point, side: Side): Route {
  if (isHandler(from)) return { wires: [wire(d`M${a.x} ${a.y}V${b.y}`, "err")] };
  const { lane, handlers } = net.frame;
  const isBox = handlers.some(({ handler, place }) => handler.chip.key === to.key && place !== null);
  if (lane > 0 && !isBox && from.key !== "dispatch") return { ...byLane(net, a, b, "err"), failing: false };
  // Down the way in, as the chips of others and the names of bands are between the two.
  if (side === "left")
    return {
      wires: [wire(d`M${a.x} ${a.y}V${b.y - 12}q0 12 12 12H${b.left - 9}`, "err")],
      front: [arrow(b.left - 14, b.y, "err")],
    };
  // From the right: from the response itself, below which there is no other chip.
  const x = Math.min(a.left, b.left) - GEOMETRY.back;
  const q = 12;
  if (isBox && lane > 0) return { ...byLane(net, a, { ...b, y: b.y - 18 }, "err"), failing: false };
  return {
    wires: [
      wire(
        d`M${a.left - 5} ${a.y}H${x + q}q${-q} 0 ${-q} ${q}V${b.y - q}q0 ${q} ${q} ${q}H${b.left - 9}`,
        "err",
      ),
    ],
    front: [arrow(b.left - 14, b.y, "err")],
  };
}

function toResponse(net: Net, from: Stop, a: Point, b: Point, side: Side): Route {
  if (a.x === b.x) return { wires: [wire(d`M${a.x} ${a.y}V${b.y}`, from.failed ? "err" : "out")] };
  const tone = net.scene.journey.short !== null && side === "left" ? "short" : from.failed ? "err" : "out";
  return { ...across(net, a, b, tone), failing: false };
}

/** A second response is made, of the error: of a handler, of a step on the way out, or where it failed. */
function toSecondResponse(net: Net, from: Stop, a: Point, b: Point): Route {
  if (isHandler(from)) {
    const middle = (a.y + b.y) / 2;
    return { wires: [wire(d`M${a.x} ${a.y}V${middle + 8}L${b.x} ${middle - 8}V${b.y}`, "out")] };
  }
  if (net.frame.lane > 0) return byLane(net, a, b, "err");
  const { left, y } = b;
  const bend = left - 77;
  const path = d`M${left - 5} ${y - 4}C${bend} ${y - 34} ${bend} ${y} ${left - 7} ${y + 2}`;
  return { wires: [wire(path, "err")], front: [arrow(left - 12, y, "err")] };
}
