/** Signals and other steps without a chip, drawn on the wire where they ran. */

import type { Step } from "../../api/types";
import type { Chip, Ribbon } from "../model/types";
import { BESIDE, beadsBefore, FIRST_BESIDE } from "./beadsBefore";
import type { Frame } from "./frame";
import { beadNode } from "./nodes";
import type { Scene } from "./scene";
import type { Shape } from "./shapes";
import type { Axes, Axis, Places, Point } from "./sheet";

/** From one to the next along the wire, and from one column to the next. */
const ALONG = 11;
const COLUMN = 12;

export function drawBeads(scene: Scene, frame: Frame, places: Places, axes: Axes): readonly Shape[] {
  const { journey } = scene;
  const onWire = [
    ...frame.bands.flatMap(({ left, right }) => [...left, ...right].map(({ chip }) => chip)),
    journey.dispatch,
    journey.response,
    ...journey.handlers.map(({ chip }) => chip),
  ];
  return [
    ...onWire.flatMap((chip) => afterChip(scene, frame, places, axes, chip)),
    ...[journey.view, journey.body].flatMap((ribbon) =>
      ribbon === null ? [] : afterRibbon(scene, frame, axes[ribbon.key === "body" ? "body" : "view"], ribbon),
    ),
  ];
}

function bead(scene: Scene, step: Step, x: number, y: number): Shape {
  return beadNode(scene, step, `${step.stage} ${step.name}`, x, y);
}

/** Between a chip and the next on its wire; where there are many, in columns. */
function afterChip(scene: Scene, frame: Frame, places: Places, axes: Axes, chip: Chip): readonly Shape[] {
  const point = places.at.get(chip.key);
  if (point === undefined || chip.beads.length === 0) return [];
  const direction = point.x === frame.XL ? 1 : -1;
  const before = beadsBefore(chip);
  const rest = chip.beads.filter((step) => !before.includes(step));
  const from = point.y + direction * ALONG;
  const span = nextOnWire(frame, places, axes, point) - from - direction * ALONG;
  const fit = Math.max(1, Math.floor(Math.abs(span) / ALONG) + 1);
  const many = Math.min(fit, rest.length);
  return [
    ...before.map((step, index) => bead(scene, step, point.left - FIRST_BESIDE - index * BESIDE, point.y)),
    ...rest.map((step, index) => {
      const out = Math.floor(index / fit) * COLUMN * -direction;
      return bead(scene, step, point.x + out, from + (span * ((index % fit) + 0.5)) / many);
    }),
  ];
}

/** Where the next chip is, down on the left, up on the right; or where the wire turns, or leaves. */
function nextOnWire({ XL, XR, turnY, topY }: Frame, { at }: Places, axes: Axes, { x, y }: Point): number {
  const column = [...at.values()].filter((point) => point.x === (x === XL ? XL : XR)).map((point) => point.y);
  return x === XL
    ? Math.min(...column.filter((each) => each > y), axes.view?.y ?? turnY + 50)
    : Math.max(...column.filter((each) => each < y), topY - 8);
}

/** After a strip: at its end, or on the wire behind it. */
function afterRibbon(scene: Scene, { XR }: Frame, axis: Axis | null, ribbon: Ribbon): readonly Shape[] {
  if (axis === null) return [];
  return ribbon.after.map((step, index) => {
    const atEnd = bead(scene, step, axis.end + 24 + index * BESIDE, axis.y);
    if (ribbon.key === "body") return axis.cut ? atEnd : bead(scene, step, XR, axis.y - 24 - index * COLUMN);
    return !ribbon.failed ? bead(scene, step, XR - 30 - index * BESIDE, axis.y) : atEnd;
  });
}
