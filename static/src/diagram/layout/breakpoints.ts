/** Breakpoints beside the wires. */

import type { When } from "../../api/types";
import { markOf, type Breakable, type Mark } from "../../trace/breakpoints";
import type { Chip } from "../model/types";
import { GEOMETRY, NARROW } from "./geometry";
import type { Scene } from "./scene";
import { circle, d, line, rect, type Shape } from "./shapes";

/** On the outer side of the wire. */
export function breakShape(
  scene: Scene,
  chip: Chip,
  side: "left" | "right",
  wire: number,
  y: number,
): readonly Shape[] {
  if (chip.hidden || chip.folded.length > 0) return [];
  const out = breakOut(scene);
  const only = chip.stage === "middleware" ? (chip.half ? "after" : "before") : null;
  return breakAt(scene, chip, only, wire + (side === "left" ? -out : out), y, side === "left" ? -1 : 1);
}

/** How far it is from the wire. */
export function breakOut({ columns }: Scene): number {
  return columns.narrow ? NARROW.breakpoint.out : GEOMETRY.breakpoint.out;
}

/** @param back towards what ran before, on the wire: up on the way in, down on the way out. */
export function breakAt(
  { space }: Scene,
  step: Breakable,
  only: When | null,
  x: number,
  y: number,
  back: -1 | 1,
): readonly Shape[] {
  const { breakpoints = null } = space;
  if (breakpoints === null) return [];
  const at: Breakable = { stage: step.stage, name: step.name, callable: step.callable };
  const mark = markOf(breakpoints, at, only);
  const { hit, radius } = GEOMETRY.breakpoint;
  const left = Math.min(Math.max(0, x - hit / 2), space.width - hit);
  return [
    {
      el: "break",
      at,
      only,
      state: mark.state,
      label: labelOf(at, mark, only),
      shapes: [
        rect(left, y - hit / 2, hit, hit, 0, "hit"),
        circle(x, y, radius, "bp-dot"),
        ...(mark.after && !mark.before && only === null
          ? [line(d`M${x - radius} ${y + back * (radius + 3)}h${2 * radius}`, "bp-after")]
          : []),
      ],
    },
  ];
}

function labelOf({ stage, name }: Breakable, mark: Mark, only: When | null): string {
  const what = name === "" ? stage : name;
  if (mark.state === "none") return `Set a breakpoint ${only ?? "before"} ${what}`;
  const when = mark.before && mark.after ? "before and after" : mark.after ? "after" : "before";
  return `Breakpoint ${when} ${what}${mark.state === "off" ? ", switched off" : ""}`;
}
