/** Place a chip at its wire, with its dot, its pills, and the bar of its time. */

import { label } from "../model/chips";
import { stepsIn } from "../model/fold";
import type { Chip } from "../model/types";
import { breakShape } from "./breakpoints";
import { PREFIX_GAP, type FittedChip } from "./fitting";
import type { Frame } from "./frame";
import { GEOMETRY, HUES } from "./geometry";
import { isGhost } from "./names";
import { LONGEST_TITLE, pauseShapes, stepNode } from "./nodes";
import { drawPill } from "./pillShapes";
import { isAt, isCurrent, type Scene } from "./scene";
import { circle, phrase, rect, words, type Shape, type TextPart } from "./shapes";
import type { Point } from "./sheet";

export type Side = "left" | "right";

/** A bar beside the bands: a step's own time. */
export interface Bar {
  readonly side: Side;
  readonly y: number;
  readonly ns: number;
  /** Whether it is the server's time, to send the body. */
  readonly sent: boolean;
  /** How much of it the request was held, ns; whether it was at all, and how long it is now. */
  readonly held: number;
  readonly isHeld: boolean;
  readonly now: number | null;
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

export function placeChip(
  scene: Scene,
  frame: Frame,
  fitted: FittedChip & { readonly skipped?: number },
  side: Side,
  y: number,
): Placement {
  const { chip } = fitted;
  const box = boxOf(frame, fitted, side);
  const pills = placePills(scene, frame, fitted, side, box, y);
  const point = pointOf(side, box, y, pills.edge);
  if (chip.hidden) return { chip, point, nodes: [], bar: null };
  const shapes = chipShapes(scene, frame, fitted, side, box, y);
  const dots = dotShapes(scene, chip, side, box.wire, y);
  const marks = breakShape(scene, chip, side, box.wire, y);
  const nodes =
    chip.folded.length > 0
      ? [foldedNode(chip, shapes, dots)]
      : [...chipNodes(scene, fitted, [...shapes, ...marks], dots), ...pills.shapes];
  return { chip, point, nodes, bar: barOf(chip, side, y) };
}

function barOf(chip: Chip, side: Side, y: number): Bar | null {
  const { own, hold, stage } = chip;
  if (isGhost(chip) || !own) return null;
  const { inside = 0, ns = 0, now = null } = hold ?? {};
  return { side, y, ns: own, sent: stage === "body", held: Math.min(own, inside), isHeld: ns > 0, now };
}

/** Whether the request is held there. */
function isHeldAt({ hold }: Chip): boolean {
  return hold !== null && hold.now !== null;
}

function boxOf({ XL, XR, margin, lane }: Frame, { w }: FittedChip, side: Side): Box {
  return side === "left" ? { x: XL + margin, w, wire: XL } : { x: XR - margin - lane - w, w, wire: XR };
}

/** The extent of its labels. */
function pointOf(side: Side, { x, w, wire }: Box, y: number, edge: number): Point {
  return {
    x: wire,
    y,
    left: side === "right" ? edge : x,
    right: side === "left" ? edge : x + w,
  };
}

/** Pills are towards the middle; those of an open fold are below. */
function placePills(
  scene: Scene,
  frame: Frame,
  { pills, rows, skipped = 0 }: FittedChip & { readonly skipped?: number },
  side: Side,
  { x, w }: Box,
  y: number,
): { readonly shapes: readonly Shape[]; readonly edge: number } {
  const { gap, row: rowHeight } = GEOMETRY.pill;
  const toLeft = side === "right";
  const shapes: Shape[] = [];
  let edge = toLeft ? x : x + w;
  for (const pill of pills) {
    const from = toLeft ? edge - gap - pill.w : edge + gap;
    shapes.push(...drawPill(scene, pill, from, y));
    edge = toLeft ? from : from + pill.w;
  }
  const below = y + frame.chipHeight / 2 + 14 + skipped * rowHeight;
  for (const [index, row] of rows.entries()) {
    let rowX = frame.XL + frame.margin + 17;
    for (const pill of row) {
      shapes.push(...drawPill(scene, pill, rowX, below + index * rowHeight));
      rowX += pill.w + gap;
    }
  }
  return { shapes, edge };
}

function chipShapes(
  scene: Scene,
  { X0, X1, chipHeight, narrow }: Frame,
  { chip, kind, name, prefix, package: from }: FittedChip,
  side: Side,
  { x, w }: Box,
  y: number,
): readonly Shape[] {
  const { padding, gap, radius } = GEOMETRY.chip;
  const hue = `bp${((chip.hue - 1) % HUES) + 1}`;
  const parts = [
    { text: prefix, cls: `k ${hue}`, dx: 0 },
    { text: kind, cls: "k", dx: PREFIX_GAP },
    { text: name, cls: "f", dx: gap },
    { text: from, cls: "k", dx: 0 },
  ].filter(({ text }, index) => text !== "" || index === 2);
  const [first, ...rest] = parts.map((part, index) => (index === 0 ? { ...part, dx: 0 } : part));
  const shapes = [
    rect(x, y - chipHeight / 2, w, chipHeight, radius, `chip ${toneOf(scene, chip)}`),
    words(x + padding, y + 4.6, "start", first as TextPart, ...rest),
  ];
  if (chip.state !== "skipped" || chip.folded.length > 0 || narrow) return shapes;
  const left = side === "left";
  return [...shapes, phrase(left ? X0 - 10 : X1 + 10, y + 4.5, left ? "end" : "start", "skipped", "skip")];
}

function toneOf(scene: Scene, chip: Chip): string {
  if (isNow(scene, chip) || isHeldAt(chip)) return "cur";
  if (isGhost(chip)) return "ghost";
  if (chip.state === "raised") return "err";
  if (chip.state === "short_circuit") return "short";
  if (chip.stage === "error_handler") return "eh";
  return chip.folded.length > 0 && chip.opens === undefined ? "fold" : "";
}

/** Whether the chip's own step is the current one, on this way. */
function isNow(scene: Scene, chip: Chip): boolean {
  return isCurrent(scene, chip.step) && isAt(scene, chip);
}

function dotShapes(scene: Scene, chip: Chip, side: Side, x: number, y: number): readonly Shape[] {
  const { radius, again, ring, halo } = GEOMETRY.dot;
  if (isHeldAt(chip)) return pauseShapes(x, y);
  const here = isAt(scene, chip);
  const tone = chip.again !== null && scene.moment.state(chip.again) === "raised" ? "err" : "out";
  return [
    ...(here ? [circle(x, y, halo, "halo")] : []),
    dotShape(x, y, radius, dotTone(scene, chip, side), titleOfDot(chip)),
    ...(chip.again === null ? [] : [dotShape(x + GEOMETRY.again, y, again, tone, "it ran a second time")]),
    ...(here ? [circle(x, y, ring, "ring")] : []),
  ];
}

/** What it says, if that is not by its colour; a fold has a title for all that it holds. */
function titleOfDot({ folded, state }: Chip): string | undefined {
  if (folded.length > 0) return "";
  return state === "skipped" ? "it was skipped" : undefined;
}

/** What a dot says by its colour. */
const TONES = {
  in: "on the way in",
  out: "on the way out",
  ghost: "it has not run",
  err: "an exception was raised here",
  short: "it returned a response: the view was skipped",
};

function dotShape(
  x: number,
  y: number,
  r: number,
  tone: keyof typeof TONES,
  title: string = TONES[tone],
): Shape {
  return circle(x, y, r, `dot ${tone}`, title === "" ? undefined : title);
}

function dotTone(scene: Scene, chip: Chip, side: Side): keyof typeof TONES {
  if (isGhost(chip)) return "ghost";
  const dot = chip.dot === null ? chip.state : scene.moment.state(chip.dot);
  if (dot === "raised" || chip.state === "raised") return "err";
  if (chip.state === "short_circuit") return "short";
  return side === "left" ? "in" : "out";
}

/** Quick hooks that are folded into one. */
function foldedNode(chip: Chip, shapes: readonly Shape[], dots: readonly Shape[]): Shape {
  // What runs between layers has no place of its own where they are one.
  const between = chip.opens === undefined ? [] : chip.folded.flatMap(({ beads }) => beads);
  const steps = [...chip.folded.flatMap(stepsIn), ...between].map(({ id }) => id);
  const open = chip.isOpen === true;
  return {
    el: "fold",
    key: chip.key,
    toggles: chip.opens ?? chip.key,
    steps: open ? [] : steps,
    open,
    label: `${chip.kind} ${chip.name}`,
    shapes: [...shapes, ...(open ? [] : dots)],
  };
}

/** One node; two if the chip combines two steps. */
function chipNodes(
  scene: Scene,
  { chip, name }: FittedChip,
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
    held: isHeldAt(chip),
  };
  if (chip.dot === null) return [{ ...node, shapes: [...shapes, ...dots] }];
  return [{ ...node, shapes }, stepNode(scene, chip.dot, `pop ${chip.dot.name}`, dots)];
}
