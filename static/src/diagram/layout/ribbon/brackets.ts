/**
 * Transactions as brackets: from what began one to what ended it; dashed where it goes on outside of the
 * box.
 */

import type { Step } from "../../../api/types";
import { time } from "../../../trace/format";
import { word, type Bracket } from "../../../trace/transactions";
import { stepNode } from "../nodes";
import { widthOf, type Scene } from "../scene";
import { d, line, phrase, rect, type Shape } from "../shapes";
import { xOf, type Box } from "./box";
import { BRACKET_HEIGHT, bracketRows } from "./lanes";
import { together, type Part } from "./part";

/** A bracket on its row. */
interface Span {
  readonly bracket: Bracket;
  readonly y: number;
  /** Its ends, and those of what is drawn solid. */
  readonly from: number;
  readonly to: number;
  readonly solid: readonly [from: number, to: number];
  /** Whether it began before the box, ends inside it, or is open at the moment. */
  readonly before: boolean;
  readonly inside: boolean;
  readonly open: boolean;
  readonly ended: boolean;
}

export function drawBrackets(scene: Scene, box: Box, y: number): Partial<Part> {
  const rows = bracketRows(box.ribbon);
  const step = box.ribbon.step as Step;
  const shown = box.ribbon.brackets.filter(
    ({ row, begin }) => row < rows && scene.moment.begun({ ...step, begin }),
  );
  return together(
    shown.map((bracket) =>
      drawBracket(scene, spanOf(scene, box, bracket, y + bracket.row * BRACKET_HEIGHT + 7)),
    ),
  );
}

function spanOf(scene: Scene, box: Box, bracket: Bracket, y: number): Span {
  const { ribbon, left, right, begin, stop, span } = box;
  const ended = bracket.to !== null && scene.moment.begun(bracket.to);
  const inside = ended && bracket.end <= ribbon.begin + span;
  const before = bracket.begin < ribbon.begin;
  const open = !ended && ribbon.state === "running";
  const from = before ? left + 12 : xOf(box, bracket.begin) + 0.5;
  const to = Math.max(from + 5, inside ? xOf(box, bracket.end) - 1 : open ? stop : right - 12);
  const solid = [
    before ? begin - 4 : from,
    inside || open ? to : Math.max(from, Math.min(to, stop)),
  ] as const;
  return { bracket, y, from, to, solid, before, inside, open, ended };
}

function drawBracket(scene: Scene, span: Span): Partial<Part> {
  const { bracket } = span;
  const [opens, ends] = namesOf(span);
  const shapes = [...linesOf(span), ...namesShapes(scene, span, opens, ends)];
  const step = bracket.from ?? bracket.to;
  if (step === null) return { shapes };
  const lasted = bracket.end < Infinity ? `, ${time(bracket.end - bracket.begin)}` : "";
  const label = `transaction: ${opens} to ${ends === "" ? "no end" : ends}${lasted}`;
  return { inner: [stepNode(scene, step, label, shapes)] };
}

function linesOf({ y, from, to, solid, before, inside, open }: Span): readonly Shape[] {
  const begins = before ? d`M${solid[0]} ${y}` : d`M${from} ${y + 7}V${y}`;
  const path = [begins, d`H${solid[1]}`, inside ? d`V${y + 7}` : ""].join("");
  return [
    line(path, "tx sql"),
    ...(before ? [line(d`M${from} ${y}H${solid[0]}`, "tx sql dashed")] : []),
    ...(inside || open ? [] : [line(d`M${solid[1]} ${y}H${to}`, "tx sql dashed")]),
  ];
}

function namesOf({ bracket, ended, inside }: Span): readonly [opens: string, ends: string] {
  const opens = bracket.from === null ? "BEGIN" : word(bracket.from);
  if (bracket.to === null || !ended) return [opens, ""];
  return [opens, `${word(bracket.to)}${inside ? "" : " later"}`];
}

/** Its opening and closing statements, if they fit. */
function namesShapes(scene: Scene, { y, from, solid }: Span, opens: string, ends: string): readonly Shape[] {
  const width = (text: string): number => (text === "" ? 0 : widthOf(scene, text, "pill") + 8);
  // With their own background, as the line runs behind.
  const named = (x: number, text: string): readonly Shape[] => [
    rect(x, y - 6, width(text), 12, 0, "ground"),
    phrase(x + 4, y + 4, "start", text, "txt sql"),
  ];
  const room = solid[1] - from - 24;
  const both = width(opens) + width(ends) <= room;
  return [
    ...(both && opens !== "" ? named(from + 8, opens) : []),
    ...((both || width(ends) <= room) && ends !== "" ? named(solid[1] - 8 - width(ends), ends) : []),
  ];
}
