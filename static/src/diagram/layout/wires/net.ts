/** Shared by all wires: the positions of the stops and the axis. */

import type { Stop } from "../../model/types";
import type { Frame } from "../frame";
import { GEOMETRY } from "../geometry";
import type { Scene } from "../scene";
import { d, line, type Shape } from "../shapes";
import type { Axes, Layers, Places, Point } from "../sheet";

export interface Net {
  readonly scene: Scene;
  readonly frame: Frame;
  readonly places: Places;
  readonly axes: Axes;
  /** The axis of the view, and where it ends. */
  readonly axisY: number;
  readonly viewEnd: number;
}

export type Tone = "in" | "out" | "err" | "short" | "defer" | "defer short" | "thr";
export type Side = "left" | "right" | "view" | "body";
export type Drawn = Partial<Pick<Layers, "wires" | "front">>;

export function netOf(scene: Scene, frame: Frame, places: Places, axes: Axes): Net {
  return {
    scene,
    frame,
    places,
    axes,
    axisY: axes.view?.y ?? frame.turnY,
    viewEnd: axes.view?.end ?? frame.XR,
  };
}

/** Where a stop is; strips have no point. */
export function pointOf({ places }: Net, { key, again }: Stop): Point | undefined {
  return (again ? places.again : places.at).get(key);
}

export function sideOf({ places, frame }: Net, { key }: Stop): Side {
  if (key === "view" || key === "body") return key;
  return places.at.get(key)?.x === frame.XL ? "left" : "right";
}

const R = GEOMETRY.bend;

/** From the way in onto the axis of the view. */
export function turnIn({ axisY }: Net): string {
  return d`V${axisY - R}q0 ${R} ${R} ${R}`;
}

/** From there to the way out. */
export function turnOut({ frame }: Net): string {
  return d`H${frame.XR - R}q${R} 0 ${R} ${-R}`;
}

export function wire(path: string, tone: Tone): Shape {
  return line(path, `w ${tone}`);
}

export function mark(path: string, tone: Tone): Shape {
  return line(path, `mk ${tone}`);
}

/** The head of a wire that goes to the right. */
export function arrow(x: number, y: number, tone: Tone): Shape {
  return mark(d`M${x} ${y - 6}l9 6l-9 6z`, tone);
}

/** Out of the view, and up the way out. */
export function leaveView(net: Net, from: number, to: number, tone: Tone): Shape {
  return wire(d`M${from} ${net.axisY}${turnOut(net)}V${to}`, tone);
}
