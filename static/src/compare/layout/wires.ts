/** The wires of both requests, side by side: A is a tube, outside; B is solid, inside. */

import { GEOMETRY } from "../../diagram/layout/geometry";
import { hatched } from "../../diagram/layout/hatch";
import { circle, d, line, phrase, type Shape } from "../../diagram/layout/shapes";
import type { Compared, SideName, Way } from "../model/types";
import { axisY, ownClock, xOf, type Axis } from "./axis";
import { dot, wireOf, type Placement } from "./chips";
import type { Frame } from "./frame";
import { SIZES } from "./space";

/** In rows: farther down, other chips and the names of bands are in between. */
const FAR = 1.6;

type Tone = "in" | "out" | "err" | "short";

interface Wires {
  readonly wires: readonly Shape[];
  readonly front: readonly Shape[];
}

/** What one request's wire needs to know of where it is. */
interface Net {
  readonly of: SideName;
  readonly way: Way;
  readonly frame: Frame;
  readonly axis: Axis;
  /** When its view ended, and when it was held in it, px. */
  readonly viewEnd: number;
  readonly holds: readonly number[];
  readonly left: number;
  readonly right: number;
  /** Its chips by key, those of the way in from top to bottom. */
  readonly chips: ReadonlyMap<string, Placement>;
}

export function drawWires(
  model: Compared,
  frame: Frame,
  axis: Axis,
  placements: readonly Placement[],
): Wires {
  const parts = (["a", "b"] as const).map((of) => {
    const view = model.view[of];
    const clock = view === null ? null : ownClock(view);
    return wiresOf({
      of,
      way: model.ways[of],
      frame,
      axis,
      viewEnd: xOf(axis, clock?.total ?? 0),
      holds: clock?.holds.map(([at]) => xOf(axis, at)) ?? [],
      left: wireOf(frame, "left", of),
      right: wireOf(frame, "right", of),
      chips: new Map(placements.filter(({ chip }) => chip[of] !== null).map((each) => [each.chip.key, each])),
    });
  });
  return {
    // A tube is one, whatever it is put together of.
    wires: parts.flatMap(({ wires }) => [...wires.filter((each) => !isBore(each)), ...wires.filter(isBore)]),
    front: parts.flatMap(({ front }) => front),
  };
}

function wiresOf(net: Net): Wires {
  const { of, left, right, frame } = net;
  const way = net.way.view === "none" ? turned(net) : throughView(net);
  const name = (x: number): Shape => phrase(x, frame.topY - 9, "middle", of.toUpperCase(), "lane own");
  return { wires: way.wires, front: [...way.front, name(left), ...(way.leaves ? [name(right)] : [])] };
}

interface Part extends Wires {
  /** Whether it leaves the picture at the right. */
  readonly leaves: boolean;
}

/** Down, along the axis and up again: it turns from blue to teal where the view has ended. */
function throughView(net: Net): Part {
  const { of, left, right, frame, axis, viewEnd, holds, way } = net;
  const y = axisY(axis, of);
  const bend = GEOMETRY.bend + (of === "a" ? SIZES.apart : -SIZES.apart);
  const failed = way.view === "failed";
  const tone: Tone = failed ? "err" : "out";
  const onto = d`M${left} ${frame.topY - 4}V${y - bend}q0 ${bend} ${bend} ${bend}H${viewEnd}`;
  const off = d`M${viewEnd} ${y}H${right - bend}q${bend} 0 ${bend} ${-bend}`;
  const end = failed ? cross(viewEnd, y, of) : dot(viewEnd, y, of, "out");
  const up = climb(net, y - bend, failed);
  return {
    wires: [...wire(onto, "in", of), ...wire(off, tone, of), ...up],
    front: [...end, ...holds.flatMap((x) => hatched(x - SIZES.held / 2, y - 5, SIZES.held, 10))],
    leaves: true,
  };
}

/** A raise is a cross on its own wire. */
function cross(x: number, y: number, of: SideName): readonly Shape[] {
  const cls = of === "a" ? "x ringed" : "x";
  return [
    circle(
      x,
      y,
      10,
      `dot ${of === "a" ? "ringed " : ""}err`,
      `${of.toUpperCase()}: an exception was raised here`,
    ),
    line(d`M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7`, cls),
  ];
}

/** From the last chip on the way in over to the first on the way out. */
function turned(net: Net): Part {
  const { of, left, frame, way, chips } = net;
  const lasts = [...chips.values()].filter(({ side }) => side === "left").sort((a, b) => a.y - b.y);
  const from = lasts.at(-1);
  const first = way.right[0];
  const to = first === undefined ? undefined : chips.get(first.key);
  const down = wire(d`M${left} ${frame.topY - 4}V${from?.y ?? frame.turn.y}`, "in", of);
  if (from === undefined || to === undefined) return { wires: down, front: [], leaves: false };
  const isFar = to.y - from.y > FAR * frame.pitch;
  const across = isFar && way.turn === "err" ? below(net, from, to) : over(from, to);
  return {
    wires: [...down, ...wire(across, way.turn, of), ...climb(net, to.y, way.turn === "err")],
    front: [],
    leaves: true,
  };
}

/** From one chip to another that is near. */
function over(from: Placement, to: Placement): string {
  const [x0, x1] = [from.right + 5, to.left - 7];
  const bend = Math.max(36, (x1 - x0) / 2);
  return d`M${x0} ${from.y}C${x0 + bend} ${from.y} ${x1 - bend} ${to.y} ${x1} ${to.y}`;
}

/** On down the left wire, as names and bands are in the way, and below the other one's chip in the row. */
function below({ left, frame }: Net, from: Placement, to: Placement): string {
  const [q, x] = [12, to.left - 7];
  const y = to.y + frame.chipHeight / 2 + 2;
  const onto = d`C${x - 22} ${y} ${x - 30} ${to.y} ${x} ${to.y}`;
  return `${d`M${left} ${from.y}V${y - q}q0 ${q} ${q} ${q}H${x - 44}`}${onto}`;
}

/** Up the right wire: red until something answers. */
function climb({ of, right, way, chips, frame }: Net, from: number, failing: boolean): readonly Shape[] {
  const shapes: Shape[] = [];
  let y = from;
  let fails = failing;
  const to = (next: number): void => {
    if (next < y) shapes.push(...wire(d`M${right} ${y}V${next}`, fails ? "err" : "out", of));
    y = Math.min(y, next);
  };
  for (const { key, failed, answers } of way.right) {
    const at = chips.get(key)?.y;
    if (at === undefined) continue;
    to(at);
    fails = failed || (fails && !answers);
  }
  to(frame.topY - 4);
  return shapes;
}

const BORE = "w bore";

function isBore(shape: Shape): boolean {
  return shape.el === "path" && shape.cls === BORE;
}

function wire(path: string, tone: Tone, of: SideName): readonly Shape[] {
  return of === "a" ? [line(path, `w tube ${tone}`), line(path, BORE)] : [line(path, `w ${tone}`)];
}
