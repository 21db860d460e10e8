/** Place a chip at its wire, with its dot, its pills, and the bar of its time. */

import type { Step } from "../../api/types";
import { time } from "../../trace/format";
import { spent } from "../../trace/steps";
import { label } from "../model/chips";
import type { Chip } from "../model/types";
import type { Frame } from "./frame";
import { GEOMETRY, HUES } from "./geometry";
import { LONGEST_TITLE, stepNode } from "./nodes";
import { drawPill, foldPill, stepPill, type Pill } from "./pills";
import { isGhost, prefixOf, prefixWidth, type PlacedChip } from "./rows";
import { isCurrent, widthOf, type Scene } from "./scene";
import { circle, phrase, rect, words, type Shape } from "./shapes";
import type { Point } from "./sheet";

export type Side = "left" | "right" | "center";

/** A bar beside the bands: a step's own time. */
export interface Bar {
  readonly side: Side;
  readonly y: number;
  readonly ns: number;
  /** Whether it is the server's time, to send the body. */
  readonly sent: boolean;
}

/** A chip with its position. */
export interface Placement {
  readonly chip: Chip;
  readonly point: Point;
  readonly nodes: readonly Shape[];
  readonly bar: Bar | null;
}

/** The position of a chip: its left edge, its width, and the x of its wire. */
interface Box {
  readonly x: number;
  readonly w: number;
  readonly wire: number;
}

/** Stages that run as long as the steps inside them, so that their running state is not shown. */
const AROUND: ReadonlySet<string> = new Set(["wsgi", "middleware", "dispatch"]);

export function placeChip(
  scene: Scene,
  frame: Frame,
  placed: PlacedChip,
  side: Side,
  y: number,
  from = 0,
): Placement {
  const { chip } = placed;
  const box = boxOf(scene, frame, placed, side, from);
  const pills = placePills(scene, frame, placed, side, box, y);
  const point = pointOf(side, box, y, pills.edge);
  if (chip.hidden) return { chip, point, nodes: [], bar: null };
  const shapes = chipShapes(scene, frame, placed, side, box, y);
  const dots = side === "center" ? [] : dotShapes(scene, chip, side, box.wire, y);
  const bar =
    side !== "center" && !isGhost(chip) && chip.own
      ? { side, y, ns: chip.own, sent: chip.stage === "body" }
      : null;
  const nodes =
    chip.folded.length > 0
      ? [foldedNode(chip, shapes, dots)]
      : [...chipNodes(scene, placed, shapes, dots), ...pills.shapes];
  return { chip, point, nodes, bar };
}

function boxOf(scene: Scene, { XL, XR }: Frame, placed: PlacedChip, side: Side, from: number): Box {
  const { margin } = GEOMETRY.chip;
  const w = placed.w + prefixWidth(scene, placed.chip);
  if (side === "left") return { x: XL + margin, w, wire: XL };
  if (side === "right") return { x: XR - margin - w, w, wire: XR };
  return { x: from, w, wire: from + w / 2 };
}

/** The extent of its labels. */
function pointOf(side: Side, { x, w, wire }: Box, y: number, edge: number): Point {
  return {
    x: wire,
    y,
    left: side === "right" ? Math.min(x, edge + 6) : x,
    right: side === "left" ? Math.max(x + w, edge - 6) : x + w,
  };
}

/** Pills are towards the middle; those of a chip of the turn are below it. */
function placePills(
  scene: Scene,
  frame: Frame,
  placed: PlacedChip,
  side: Side,
  { x, w }: Box,
  y: number,
): { readonly shapes: readonly Shape[]; readonly edge: number } {
  const { chip } = placed;
  const { gap, row: rowHeight } = GEOMETRY.pill;
  const toLeft = side === "right";
  const direction = toLeft ? -1 : 1;
  const pillY = side === "center" ? y + frame.chipHeight / 2 + 13 : y;
  const shapes: Shape[] = [];
  let edge = side === "center" ? x + 10 : toLeft ? x - 8 : x + w + 8;
  for (const pill of besidePills(scene, placed)) {
    shapes.push(drawPill(scene, pill, toLeft ? edge - pill.w : edge, pillY));
    edge += (pill.w + gap) * direction;
  }
  for (const [index, row] of placed.rows.entries()) {
    let rowX = frame.XL + 34;
    for (const pill of row) {
      shapes.push(drawPill(scene, pill, rowX, y + frame.chipHeight / 2 + 14 + index * rowHeight));
      rowX += pill.w + gap;
    }
  }
  if (chip.note !== "" && !isGhost(chip)) {
    const cls = chip.note.includes("client") ? "tag err" : "tag thr";
    const anchor = toLeft ? "end" : "start";
    shapes.push(phrase(edge + 2 * direction, pillY + 4.2, anchor, chip.note, cls));
    edge += (widthOf(scene, chip.note, "pill") + 2 + gap) * direction;
  }
  return { shapes, edge };
}

/** The pills in its own row: its second call, its inner steps, and the fold of those that do not fit. */
function besidePills(scene: Scene, { chip, pills, fold }: PlacedChip): readonly Pill[] {
  const ghost = isGhost(chip);
  return [
    ...(chip.again === null ? [] : [againPill(scene, chip, chip.again)]),
    ...(ghost && chip.note === "" ? [] : pills),
    ...(fold === null || ghost ? [] : [foldPill(scene, chip, fold)]),
  ];
}

function againPill(scene: Scene, chip: Chip, again: Step): Pill {
  const state = scene.moment.state(again);
  const label = `${chip.kind} ${chip.name}, the second time: ${state}`;
  return stepPill(scene, again, state === "raised" ? "bad" : "aft", `again ${time(spent(again))}`, label);
}

function chipShapes(
  scene: Scene,
  { X0, X1, chipHeight }: Frame,
  { chip, name }: PlacedChip,
  side: Side,
  { x, w }: Box,
  y: number,
): readonly Shape[] {
  const { padding, gap, radius } = GEOMETRY.chip;
  const prefix = prefixOf(scene, chip);
  const kind = { text: chip.kind, cls: "k" };
  const named = { text: name, cls: "f", dx: gap };
  const hue = `bp${((chip.hue - 1) % HUES) + 1}`;
  const shapes = [
    rect(x, y - chipHeight / 2, w, chipHeight, radius, `chip ${toneOf(scene, chip)}`),
    prefix === ""
      ? words(x + padding, y + 4.5, "start", kind, named)
      : words(x + padding, y + 4.5, "start", { text: prefix, cls: `k ${hue}` }, { ...kind, dx: 6 }, named),
  ];
  if (side === "center" || chip.state !== "skipped" || chip.folded.length > 0) return shapes;
  const left = side === "left";
  return [...shapes, phrase(left ? X0 - 10 : X1 + 10, y + 4.5, left ? "end" : "start", "skipped", "skip")];
}

function toneOf(scene: Scene, chip: Chip): string {
  if (isGhost(chip)) return "ghost";
  if (isNow(scene, chip)) return "cur";
  if (chip.state === "raised") return "err";
  if (chip.state === "short_circuit") return "short";
  if (chip.stage === "error_handler") return "eh";
  return chip.folded.length > 0 ? "fold" : "";
}

/** Whether it is the current step: it is selected, or it runs while none is selected. */
function isNow(scene: Scene, chip: Chip): boolean {
  const runs = chip.state === "running" && !chip.half && !AROUND.has(chip.stage);
  return isCurrent(scene, chip.step) || (scene.space.selected === null && runs);
}

function dotShapes(scene: Scene, chip: Chip, side: Side, x: number, y: number): readonly Shape[] {
  const { radius, again, ring, halo } = GEOMETRY.dot;
  // The wire is also there if one of its pills is current.
  const here = isNow(scene, chip) || (!chip.half && chip.pills.some((step) => isCurrent(scene, step)));
  const tone = chip.again !== null && scene.moment.state(chip.again) === "raised" ? "err" : "out";
  return [
    ...(here ? [circle(x, y, halo, "halo")] : []),
    circle(x, y, radius, `dot ${dotTone(scene, chip, side)}`),
    ...(chip.again === null ? [] : [circle(x + GEOMETRY.again, y, again, `dot ${tone}`)]),
    ...(here ? [circle(x, y, ring, "ring")] : []),
  ];
}

function dotTone(scene: Scene, chip: Chip, side: Side): string {
  if (isGhost(chip)) return "ghost";
  const dot = chip.dot === null ? chip.state : scene.moment.state(chip.dot);
  if (dot === "raised" || chip.state === "raised") return "err";
  if (chip.state === "short_circuit") return "short";
  return side === "left" ? "in" : "out";
}

/** Quick hooks that are folded into one. */
function foldedNode(chip: Chip, shapes: readonly Shape[], dots: readonly Shape[]): Shape {
  const steps = chip.folded.flatMap((each) => (each.step === null ? [] : [each.step.id]));
  const open = chip.name === `${chip.folded.length} hooks`;
  return {
    el: "fold",
    key: chip.key,
    steps: open ? [] : steps,
    open,
    label: `${chip.kind} ${chip.name}`,
    shapes: [...shapes, ...(open ? [] : dots)],
  };
}

/** One node; two if the chip combines two steps. */
function chipNodes(
  scene: Scene,
  { chip, name }: PlacedChip,
  shapes: readonly Shape[],
  dots: readonly Shape[],
): readonly Shape[] {
  const node = {
    el: "node" as const,
    key: chip.key,
    step: chip.half ? null : (chip.step?.id ?? null),
    ...(chip.half && chip.step !== null ? { of: chip.step.id } : {}),
    stage: chip.stage,
    state: chip.state,
    label: label(chip).slice(0, LONGEST_TITLE),
    ...(name === chip.name ? {} : { title: chip.name.slice(0, LONGEST_TITLE) }),
    current: isNow(scene, chip),
  };
  if (chip.dot === null) return [{ ...node, shapes: [...shapes, ...dots] }];
  return [{ ...node, shapes }, stepNode(scene, chip.dot, `pop ${chip.dot.name}`, dots)];
}
