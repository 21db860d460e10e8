/** Fit the chips of a row: what gives way where there is too little room, in which order. */

import { GEOMETRY } from "../../diagram/layout/geometry";
import { shortKind } from "../../diagram/layout/names";
import { time } from "../../trace/format";
import { ellipsize, LONGEST_NAME } from "../../trace/text";
import type { ComparedChip } from "../model/types";
import { differenceOf, NOISE } from "./difference";
import { widthOf, type Space } from "./space";

/** What stands beside a chip: statements in a pill, or words. */
export interface Beside {
  readonly kind: "pill" | "words" | "sure";
  readonly text: string;
  readonly w: number;
}

export interface FittedChip {
  readonly chip: ComparedChip;
  readonly kind: string;
  readonly name: string;
  /** The width of the chip alone, and with what stands beside it. */
  readonly w: number;
  readonly extent: number;
  readonly beside: readonly Beside[];
}

/** A row: a chip of the way in, one of the way out, or both. */
export interface Line {
  readonly left: FittedChip | null;
  readonly right: FittedChip | null;
}

export interface Room {
  readonly space: Space;
  readonly narrow: boolean;
  /** For the chips of a row. */
  readonly room: number;
  readonly single: boolean;
}

const { padding, gap } = GEOMETRY.chip;
const PILL = GEOMETRY.pill;
const FEWEST_LETTERS = 9;
/** Between the names of both sides. */
const BETWEEN = /( → | became )/;

/** How much of a chip is shown: the statements' time, they themselves, the outcomes, the name. */
interface Detail {
  readonly times: boolean;
  readonly pill: boolean;
  readonly outcomes: boolean;
  readonly words: boolean;
  readonly letters: number;
}

const ALL: Detail = { times: true, pill: true, outcomes: true, words: true, letters: 2 * LONGEST_NAME };

/** The first gives way first; null where nothing is left to give. */
function less(detail: Detail, { name }: FittedChip): Detail | null {
  if (detail.times) return { ...detail, times: false };
  if (detail.pill) return { ...detail, pill: false };
  const letters = Math.min(detail.letters, Array.from(name).length);
  if (letters > 2 * FEWEST_LETTERS) return { ...detail, letters: letters - 2 };
  if (detail.outcomes) return { ...detail, outcomes: false };
  if (detail.words) return { ...detail, words: false };
  return letters > FEWEST_LETTERS ? { ...detail, letters: letters - 2 } : null;
}

export function linesOf(
  room: Room,
  lefts: readonly ComparedChip[],
  rights: readonly ComparedChip[],
): readonly Line[] {
  return Array.from({ length: Math.max(lefts.length, rights.length) }).flatMap((_, index): Line[] => {
    const [one, other] = [lefts[index], rights[index]];
    if (one === undefined || other === undefined)
      return [{ left: alone(room, one), right: alone(room, other) }];
    const both = together(room, one, other);
    if (both !== null) return [{ left: both[0], right: both[1] }];
    return [
      { left: alone(room, one), right: null },
      { left: null, right: alone(room, other) },
    ];
  });
}

function alone(room: Room, chip: ComparedChip | undefined): FittedChip | null {
  if (chip === undefined) return null;
  let detail: Detail | null = ALL;
  let fitted = fitted_(room, chip, ALL);
  while (detail !== null && fitted.extent > room.room) {
    detail = less(detail, fitted);
    if (detail !== null) fitted = fitted_(room, chip, detail);
  }
  return fitted;
}

/** Both chips of a row; null if they do not fit beside each other. */
function together(
  room: Room,
  left: ComparedChip,
  right: ComparedChip,
): readonly [FittedChip, FittedChip] | null {
  const details: [Detail | null, Detail | null] = [ALL, ALL];
  const fitted: [FittedChip, FittedChip] = [fitted_(room, left, ALL), fitted_(room, right, ALL)];
  // With little width, the one on the right goes a line lower.
  if (room.narrow && fitted[0].extent + fitted[1].extent + GEOMETRY.between > room.room) return null;
  while (fitted[0].extent + fitted[1].extent + GEOMETRY.between > room.room) {
    // The wider one gives way, as long as it can.
    const wider = fitted[0].extent >= fitted[1].extent ? 0 : 1;
    const gives = details[wider] === null ? ((1 - wider) as 0 | 1) : wider;
    const detail = details[gives];
    if (detail === null) return null;
    details[gives] = less(detail, fitted[gives]);
    const next = details[gives];
    if (next !== null) fitted[gives] = fitted_(room, gives === 0 ? left : right, next);
    else if (details[0] === null && details[1] === null) return null;
  }
  return fitted;
}

function fitted_({ space, narrow, single }: Room, chip: ComparedChip, detail: Detail): FittedChip {
  const kind = narrow ? shortKind(chip.kind) : chip.kind;
  const name = shortened(chip.name, detail.letters);
  const kindWidth = kind === "" ? 0 : widthOf(space, kind, "kind") + gap;
  const w = padding + kindWidth + widthOf(space, name, chip.in === "a" ? "ghost" : "name") + padding;
  const beside = besideOf(space, chip, detail, narrow, single);
  return { chip, kind, name, w, beside, extent: beside.reduce((sum, each) => sum + PILL.gap + each.w, w) };
}

/** Of two names, each by itself: what is between them stays. */
function shortened(name: string, letters: number): string {
  const parts = name.split(BETWEEN);
  const names = Math.ceil(parts.length / 2);
  const most = Math.min(LONGEST_NAME, Math.max(3, Math.floor(letters / names) - (names - 1)));
  return parts.map((part, index) => (index % 2 === 0 ? ellipsize(part, most) : part)).join("");
}

function besideOf(
  space: Space,
  chip: ComparedChip,
  detail: Detail,
  narrow: boolean,
  single: boolean,
): readonly Beside[] {
  const of = (kind: Beside["kind"], text: string): Beside => ({
    kind,
    text,
    w: kind === "pill" ? widthOf(space, text, "pill") + 2 * PILL.padding : widthOf(space, text, "change"),
  });
  const pill = detail.pill ? pillText(chip, detail.times) : "";
  const { text, sure } = differenceOf(chip.times, single);
  return [
    ...(pill === "" ? [] : [of("pill", pill)]),
    ...(detail.outcomes && chip.outcomes !== null ? [of("words", chip.outcomes.join(" → "))] : []),
    ...(detail.words && chip.in !== "both" ? [of("words", `only in ${chip.in.toUpperCase()}`)] : []),
    // Where there are no gutters.
    ...(narrow && detail.words && text !== "" && text !== NOISE ? [of(sure ? "sure" : "words", text)] : []),
  ];
}

/** The statements of a step that one request alone has, or of which it sends another number. */
function pillText({ statements: [a, b], sql, in: where }: ComparedChip, times: boolean): string {
  if (a === b) return "";
  if (where === "both") return `SQL ${a} → ${b}`;
  const count = a + b;
  const name = count === 1 ? "SQL" : `${count} SQL`;
  return times ? `${name} ${time(sql[0] + sql[1])}` : name;
}
