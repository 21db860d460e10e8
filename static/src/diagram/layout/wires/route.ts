/** Route the wire from one stop to the next. */

import { GEOMETRY } from "../geometry";
import { widthOf } from "../scene";
import { d, type Shape } from "../shapes";
import type { Axis, Point } from "../sheet";
import type { Stop } from "../../model/types";
import {
  arrow,
  bubble,
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

export interface Route extends Drawn {
  /** Whether an exception climbs from here on. */
  readonly failing?: boolean;
}

export function route(net: Net, from: Stop, to: Stop, failing: boolean): Route {
  const [a, b] = [pointOf(net, from) ?? null, pointOf(net, to) ?? null];
  const [fromSide, toSide] = [sideOf(net, from), sideOf(net, to)];
  const { body } = net.axes;
  if (toSide === "view" && a !== null) return { wires: intoView(net, a) };
  if (toSide === "body" && body !== null && a !== null) return { wires: [intoBody(net, body, a)] };
  if (a === null && fromSide === "view" && b !== null) return fromView(net, to, b, toSide);
  if (a === null || b === null) return {};
  if (toSide === "handler") return toHandler(net, a, b, fromSide);
  if (to.key === "make_response")
    return to.again ? toSecondResponse(net, a, b, fromSide) : toResponse(net, a, b, fromSide);
  if (fromSide === "handler") return across(a, b, "err");
  if (a.x === b.x || fromSide === toSide) return along(net, from, to, a, b, failing);
  if (fromSide !== "left" || toSide !== "right") return {};
  return across(a, b, from.failed || net.scene.journey.propagated !== null ? "err" : "short");
}

/** Along a wire, or from the second way up back to the first. */
function along(net: Net, from: Stop, to: Stop, a: Point, b: Point, failing: boolean): Route {
  const tone = failing ? "err" : "out";
  if (a.x !== b.x) {
    const middle = (a.y + b.y) / 2;
    return { wires: [wire(d`M${a.x} ${a.y}V${middle + 8}L${b.x} ${middle - 8}V${b.y}`, tone)] };
  }
  const path = d`M${a.x} ${a.y}V${b.y}`;
  if (a.x === net.frame.XL) return { wires: [wire(path, "in")] };
  if (!from.failed || failing) return { wires: [wire(path, tone)] };
  // Once a step on the way out has failed, the exception climbs.
  const climbs = net.scene.journey.propagated !== null && sideOf(net, to) === "right";
  return climbs ? { wires: [wire(path, "err")], failing: true } : { wires: [wire(path, "out")] };
}

function intoView(net: Net, { y }: Point): readonly Shape[] {
  const { frame, axisY, axes, viewEnd, scene } = net;
  const { view } = scene.journey;
  const until = view.state === "running" || view.error !== null ? viewEnd : frame.XR - GEOMETRY.bend;
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
function across(a: Point, b: Point, tone: "err" | "short"): Route {
  const middle = (a.right + b.left) / 2;
  const path = d`M${a.right + 5} ${a.y}C${middle + 60} ${a.y} ${middle - 60} ${b.y} ${b.left - 7} ${b.y}`;
  return { wires: [wire(path, tone)], front: [arrow(b.left - 12, b.y, tone)], failing: tone === "err" };
}

function fromView(net: Net, to: Stop, point: Point, side: Side): Route {
  const { journey } = net.scene;
  if (side === "handler") return { wires: [viewToHandler(net, point)] };
  if (journey.view.error === null)
    return { wires: [leaveView(net, net.frame.XR - GEOMETRY.bend, point.y, "out")] };
  // An unhandled exception climbs as it is, or Flask turns it into a 500.
  const wires = [leaveView(net, net.viewEnd, point.y, "err")];
  if (to.key === "make_response") return { wires, front: unhandledNote(net) };
  return journey.propagated === null ? { wires } : { wires, failing: true };
}

/** Up from where the axis stops, and from below into the handler. */
function viewToHandler({ frame, viewEnd, axisY }: Net, { x, y }: Point): Shape {
  const level = frame.view.top - frame.gapToView / 2 - 1;
  const q = Math.min(12, Math.abs(viewEnd - x) / 2);
  const s = Math.sign(viewEnd - x) || 1;
  const up = d`M${viewEnd} ${axisY}V${level + q}q0 ${-q} ${-q * s} ${-q}`;
  const over = d`H${x + q * s}q${-q * s} 0 ${-q * s} ${-q}V${y + frame.chipHeight / 2 + 3}`;
  return wire(`${up}${over}`, "err");
}

function unhandledNote(net: Net): readonly Shape[] {
  const { journey } = net.scene;
  const { XR, view, gapToView } = net.frame;
  const text = journey.answeredByApp
    ? "the app's own code answers it"
    : journey.trace.error === null
      ? "no handler: it is the response itself"
      : "nobody handles it: Flask answers 500";
  return bubble(net, (net.viewEnd + XR) / 2 - 60, view.top - gapToView / 2 - 1, text, "err");
}

function toHandler({ frame }: Net, a: Point, b: Point, from: Side): Route {
  const { handlerRow, turnY, chipHeight } = frame;
  if (from !== "right" && Math.abs(a.y - b.y) < 1)
    return {
      wires: [wire(d`M${a.right + 3} ${a.y}H${b.left - 7}`, "err")],
      front: [arrow(b.left - 12, a.y, "err")],
    };
  if (from === "left" && handlerRow > 0 && Math.abs(a.y - turnY) < 1)
    return { wires: [wire(d`M${a.x} ${a.y}V${b.y - 12}q0 12 12 12H${b.left - 7}`, "err")] };
  // From the right: back down from the step that failed on the way up.
  const top = b.y - chipHeight / 2 - 9;
  const [start, bend, high] =
    from === "right"
      ? [a.left - 5, a.left - 95, Math.min(a.y, top - 34)]
      : [a.right + 5, a.right + 90, (a.y + top + 6) / 2];
  return {
    wires: [wire(d`M${start} ${a.y}C${bend} ${a.y} ${b.x} ${high} ${b.x} ${top}`, "err")],
    front: [mark(d`M${b.x - 6} ${top - 2}h12l-6 9z`, "err")],
  };
}

function toResponse({ frame, scene }: Net, a: Point, b: Point, from: Side): Route {
  const tone = scene.journey.short !== null && from === "left" ? "short" : "out";
  if (from === "handler" && frame.handlerRow > 0) {
    const x = b.left + 40;
    const bottom = b.y + frame.chipHeight / 2;
    return {
      wires: [wire(d`M${a.right + 4} ${a.y}H${x - 12}q12 0 12-12V${bottom + 9}`, "out")],
      front: [mark(d`M${x - 6} ${bottom + 12}l6-9l6 9z`, "out")],
    };
  }
  const [x0, x1] = [a.right + 5, b.left - 7];
  const middle = (x0 + x1) / 2;
  const path =
    Math.abs(a.y - b.y) < 1
      ? d`M${x0} ${a.y}H${x1}`
      : d`M${x0} ${a.y}C${middle + 60} ${a.y} ${middle - 60} ${b.y} ${x1} ${b.y}`;
  return { wires: [wire(path, tone)], front: [arrow(x1 - 5, b.y, tone)] };
}

/** A second response is made, of the error: by a handler, or where it failed. */
function toSecondResponse(net: Net, a: Point, b: Point, from: Side): Route {
  if (from === "handler") return toResponse(net, a, b, from);
  const [x0, x1] = [a.left - 5, b.left - 7];
  const bend = Math.min(x0, x1) - 70;
  const level = Math.abs(a.y - b.y) < 1;
  const path = level
    ? d`M${x0} ${a.y - 4}C${bend} ${a.y - 34} ${bend} ${b.y} ${x1} ${b.y + 2}`
    : d`M${x0} ${a.y}C${bend} ${a.y} ${bend} ${b.y} ${x1} ${b.y}`;
  const text = secondText(net, level);
  const half = (widthOf(net.scene, text, "bubble") + 2 * GEOMETRY.bubble.padding) / 2;
  const x = Math.max(net.frame.XL + 40 + half, bend - 20 - half);
  return {
    wires: [wire(path, "err")],
    front: [arrow(x1 - 5, b.y, "err"), ...bubble(net, x, b.y, text, "err")],
  };
}

function secondText({ scene }: Net, level: boolean): string {
  const { unhandled } = scene.journey;
  if (unhandled === null) return "raised: Flask answers 500, and the after-hooks run again";
  return `${unhandled}: Flask answers 500${level ? "" : ", the hooks run again"}`;
}
