/** The chips at both wires, with a ring for A and a disc for B. */

import { GEOMETRY } from "../../diagram/layout/geometry";
import { circle, phrase, rect, words, type Node, type Shape } from "../../diagram/layout/shapes";
import type { State } from "../../trace/steps";
import { time } from "../../trace/format";
import type { Chip } from "../../diagram/model/types";
import type { ComparedChip, SideName } from "../model/types";
import { differenceOf, NOISE } from "./difference";
import type { Beside, FittedChip, Line } from "./fitting";
import type { Frame } from "./frame";
import { SIZES, type Space } from "./space";

export type Side = "left" | "right";

/** A chip with its place. */
export interface Placement {
  readonly chip: ComparedChip;
  readonly side: Side;
  readonly y: number;
  /** The edges of the chip, and of all that stands beside it. */
  readonly chipLeft: number;
  readonly chipRight: number;
  readonly left: number;
  readonly right: number;
  readonly node: Node;
}

const LONGEST_LABEL = 2000;
const TIMES: Readonly<Record<Beside["kind"], string>> = { pill: "", words: "tag plain", sure: "tag own" };

/** In the order of the drawing, from top to bottom. */
export function placeChips(frame: Frame, space: Space, single: boolean): readonly Placement[] {
  const placeAll = (lines: readonly Line[], y: number): readonly Placement[] =>
    lines.flatMap(({ left, right }, row) => [
      ...(left === null ? [] : [place(frame, space, single, left, "left", y + row * frame.pitch)]),
      ...(right === null ? [] : [place(frame, space, single, right, "right", y + row * frame.pitch)]),
    ]);
  return [
    ...frame.bands.flatMap(({ lines, y }) => placeAll(lines, y)),
    ...placeAll(frame.turn.lines, frame.turn.y),
  ];
}

function place(
  frame: Frame,
  space: Space,
  single: boolean,
  fitted: FittedChip,
  side: Side,
  y: number,
): Placement {
  const { chip, w, extent } = fitted;
  const x = side === "left" ? frame.XL + frame.margin : frame.XR - frame.margin - w;
  const current = !isBack(chip) && chip.index !== null && chip.index === space.selected;
  const shapes = [
    ...chipShapes(frame, fitted, x, y, current),
    ...besideShapes(fitted, side, x, y),
    ...dotShapes(frame, chip, side, y, current),
  ];
  return {
    chip,
    side,
    y,
    chipLeft: x,
    chipRight: x + w,
    left: side === "left" ? x : x + w - extent,
    right: side === "left" ? x + extent : x + w,
    node: nodeOf(chip, shapes, current, single),
  };
}

function nodeOf(chip: ComparedChip, shapes: readonly Shape[], current: boolean, single: boolean): Node {
  const label = labelOf(chip, single).slice(0, LONGEST_LABEL);
  return {
    el: "node",
    key: chip.key,
    step: isBack(chip) ? null : chip.index,
    ...(isBack(chip) && chip.index !== null ? { of: chip.index } : {}),
    stage: chip.stage,
    state: stateOf(chip),
    label,
    title: label,
    current,
    shapes,
  };
}

/** Whether it is the way back of a step that has another chip. */
function isBack({ a, b }: ComparedChip): boolean {
  return (a ?? b)?.half === true;
}

function stateOf({ a, b }: ComparedChip): State {
  const raised = [a, b].find((chip) => chip?.state === "raised");
  return (raised ?? b ?? a)?.state ?? "done";
}

/** What a picture says by its form, in words. */
export function labelOf(
  {
    kind,
    name,
    times,
    outcomes,
    in: where,
  }: Pick<ComparedChip, "kind" | "name" | "times" | "outcomes" | "in">,
  single: boolean,
): string {
  const both = where === "both" ? "" : `, only in ${where.toUpperCase()}`;
  const took = (side: SideName): string => {
    const ns = times[side];
    return ns === null ? "" : `, ${side.toUpperCase()} ${time(ns)}`;
  };
  const { text } = differenceOf(times, single);
  const by = where !== "both" || text === "" ? "" : text === NOISE ? ", within the noise" : `, ${text}`;
  const ended = outcomes === null ? "" : `, ${outcomes.join(" → ")}`;
  return `${kind} ${name}${both}${took("a")}${took("b")}${by}${ended}`;
}

function chipShapes(
  { chipHeight }: Frame,
  { chip, kind, name, w }: FittedChip,
  x: number,
  y: number,
  current: boolean,
): readonly Shape[] {
  const { padding, gap, radius } = GEOMETRY.chip;
  const form = current ? "cur" : chip.in === "a" ? "ghost" : chip.in === "b" ? "new" : raisedIn(chip);
  const gone = chip.in === "a" ? "gone" : "";
  const label = { text: name, cls: `f ${gone}` };
  return [
    rect(x, y - chipHeight / 2, w, chipHeight, radius, `chip ${form}`),
    kind === ""
      ? words(x + padding, y + 4.6, "start", label)
      : words(x + padding, y + 4.6, "start", { text: kind, cls: `k ${gone}` }, { ...label, dx: gap }),
  ];
}

function raisedIn({ a, b }: ComparedChip): string {
  return a?.state === "raised" && b?.state === "raised" ? "err" : "";
}

function besideShapes({ beside, w }: FittedChip, side: Side, x: number, y: number): readonly Shape[] {
  const { gap, height, padding } = GEOMETRY.pill;
  let edge = side === "left" ? x + w : x;
  return beside.flatMap(({ kind, text, w: width }) => {
    const from = side === "left" ? edge + gap : edge - gap - width;
    edge = side === "left" ? from + width : from;
    if (kind !== "pill") return [phrase(from, y + 4.4, "start", text, TIMES[kind])];
    return [
      rect(from, y - height / 2, width, height, height / 2, "pill sql"),
      phrase(from + padding, y + 4.2, "start", text, "pt sql"),
    ];
  });
}

/** Where each wire is: A is outside. */
export function wireOf({ XL, XR }: Frame, side: Side, of: SideName): number {
  const out = of === "a" ? SIZES.apart : -SIZES.apart;
  return side === "left" ? XL - out : XR + out;
}

function dotShapes(
  frame: Frame,
  chip: ComparedChip,
  side: Side,
  y: number,
  current: boolean,
): readonly Shape[] {
  const { a, b } = chip;
  const middle = side === "left" ? frame.XL : frame.XR;
  return [
    ...(current ? [rect(middle - 16, y - 10.5, 32, 21, 10.5, "ring")] : []),
    ...(a === null ? [] : dot(wireOf(frame, side, "a"), y, "a", toneOf(a, side))),
    ...(b === null ? [] : dot(wireOf(frame, side, "b"), y, "b", toneOf(b, side))),
  ];
}

/** A ring or a disc; red with a cross where an exception was raised. */
export function dot(x: number, y: number, of: SideName, tone: string): readonly Shape[] {
  const { ring, disc } = SIZES;
  const says = `${of.toUpperCase()}${tone === "err" ? ": an exception was raised here" : ""}`;
  return [circle(x, y, of === "a" ? ring : disc, `dot ${of === "a" ? "ringed " : ""}${tone}`, says)];
}

function toneOf({ state }: Chip, side: Side): string {
  if (state === "raised") return "err";
  if (state === "short_circuit") return "short";
  return side === "left" ? "in" : "out";
}
