/** Fit chips into their row: what gives way where there is too little room, in which order. */

import { ellipsize, LONGEST_NAME } from "../../trace/text";
import type { Chip } from "../model/types";
import { beadsWidth } from "./beadsBefore";
import { HEADERS } from "./changes";
import { GEOMETRY } from "./geometry";
import { isGhost, kindOf, packageOf, prefixOf } from "./names";
import { changesOf, foldOf, pillsOf, showsTime, type Detail, type Pill, type PillRow } from "./pills";
import { widthOf, type Scene } from "./scene";

const { padding, gap } = GEOMETRY.chip;
/** From the prefix of a chip to its kind. */
export const PREFIX_GAP = 6;
/** A name is not cut further than to this many letters. */
const FEWEST_LETTERS = 13;
const [LONGEST_NOTE, NARROW_NOTE, SHORTEST_NOTE] = [160, 34, 12];

export interface FittedChip extends PillRow {
  readonly chip: Chip;
  readonly detail: Detail;
  readonly prefix: string;
  readonly kind: string;
  readonly name: string;
  readonly package: string;
  readonly w: number;
}

interface Draft {
  readonly fitted: FittedChip;
  readonly detail: Detail;
  readonly extent: number;
}

type Rule = (draft: Draft) => Detail | null;

/** The first gives way first. */
const RULES: readonly Rule[] = [
  ({ fitted: { chip }, detail }) => {
    const texts = changesOf(chip);
    if (detail.changes >= texts.length) return null;
    // A count says what it counts where room is left in the end.
    const isCount = texts[detail.changes + 1]?.endsWith(HEADERS) === true;
    return { ...detail, changes: detail.changes + (isCount ? 2 : 1) };
  },
  ({ fitted, detail }) => (fitted.package === "" ? null : { ...detail, package: false }),
  ({ fitted, detail }) => (detail.times && fitted.pills.some(isTimed) ? { ...detail, times: false } : null),
  ({ detail }) => (detail.own ? { ...detail, own: false } : null),
  ({ fitted, detail }) => {
    const letters = Math.min(detail.note, Array.from(fitted.chip.note).length);
    if (letters === 0) return null;
    return { ...detail, note: letters <= SHORTEST_NOTE ? 0 : letters - 3 };
  },
  ({ fitted, detail }) => {
    const kept = fitted.pills.filter(canFold).length;
    return kept === 0 ? null : { ...detail, pills: kept - 1 };
  },
  ({ fitted, detail }) => {
    const letters = Math.min(detail.letters, Array.from(fitted.name).length);
    return letters <= FEWEST_LETTERS ? null : { ...detail, letters: letters - 2 };
  },
];

/** With its time, or of a request inside with its method and path. */
function isTimed(pill: Pill): boolean {
  return pill.kind === "step" || (pill.kind === "link" && pill.outwards !== true);
}

/** Statements have one pill for all, and a request inside is the only way to it. */
function canFold(pill: Pill): boolean {
  return pill.kind === "signal" || (pill.kind === "step" && pill.cls !== "sql");
}

/** Both chips of a row; null if they do not fit beside each other. */
export function together(scene: Scene, left: Chip, right: Chip): readonly [FittedChip, FittedChip] | null {
  // Its wire leaves it to the right.
  if (scene.columns.lane > 0 && (left.state === "short_circuit" || left.state === "raised")) return null;
  const room = scene.columns.room - GEOMETRY.between;
  const drafts = [first(scene, left), first(scene, right)];
  const fitted = scene.columns.narrow ? drafts : shrink(scene, drafts, room);
  const [one, other] = fitted;
  if (one === undefined || other === undefined || total(fitted) > room) return null;
  return [one.fitted, other.fitted];
}

/** A chip that has its row for itself, or a part of it. */
export function alone(scene: Scene, chip: Chip, room = scene.columns.room): FittedChip {
  const [draft] = shrink(scene, [first(scene, chip)], room);
  return (draft as Draft).fitted;
}

function first(scene: Scene, chip: Chip): Draft {
  const { narrow } = scene.columns;
  return build(scene, chip, {
    changes: narrow ? Infinity : 0,
    package: !narrow,
    times: !narrow,
    own: showsTime(scene, chip),
    pills: Infinity,
    note: narrow ? NARROW_NOTE : LONGEST_NOTE,
    letters: LONGEST_NAME,
  });
}

function shrink(scene: Scene, drafts: readonly Draft[], room: number): readonly Draft[] {
  let now = drafts;
  for (const rule of RULES)
    while (total(now) > room) {
      // The wider one gives way first, if it has what gives way.
      const next = [...now]
        .sort((a, b) => b.extent - a.extent)
        .map((draft) => [draft, rule(draft)] as const)
        .find((each): each is readonly [Draft, Detail] => each[1] !== null);
      if (next === undefined) break;
      const [wide, detail] = next;
      const narrower = build(scene, wide.fitted.chip, detail);
      now = now.map((draft) => (draft === wide ? narrower : draft));
    }
  return now === drafts ? now : regrown(scene, now, room);
}

/** With longer texts of what changed, where shortening the other left room. */
function regrown(scene: Scene, drafts: readonly Draft[], room: number): readonly Draft[] {
  return drafts.reduce((now, draft) => {
    // None is shown where there is little room at all.
    if (draft.detail.changes === Infinity) return now;
    const others = total(now) - draft.extent;
    for (let changes = 0; changes < draft.detail.changes; changes += 1) {
      const longer = build(scene, draft.fitted.chip, { ...draft.detail, changes });
      if (others + longer.extent <= room) return now.map((each) => (each === draft ? longer : each));
    }
    return now;
  }, drafts);
}

/** The same chip at another moment, in no more detail. */
export function refit(scene: Scene, { detail }: FittedChip, chip: Chip): FittedChip {
  return build(scene, chip, detail).fitted;
}

function total(drafts: readonly Draft[]): number {
  return drafts.reduce((sum, { extent }) => sum + extent, 0);
}

function build(scene: Scene, chip: Chip, detail: Detail): Draft {
  const ghost = isGhost(chip);
  const kind = kindOf(scene, chip);
  const prefix = prefixOf(scene, chip);
  const name = ellipsize(chip.name, detail.letters);
  const from = detail.package && !ghost ? packageOf(chip) : "";
  const part = (text: string, font: "kind" | "name" | "ghost", apart: number): number =>
    text === "" ? 0 : widthOf(scene, text, font) + apart;
  const w =
    2 * padding +
    part(prefix, "kind", PREFIX_GAP) +
    part(kind, "kind", gap) +
    part(name, ghost ? "ghost" : "name", 0) +
    part(from, "kind", 0);
  const row = pillRow(scene, chip, detail);
  const pills = row.pills.reduce((sum, pill) => sum + pill.w + GEOMETRY.pill.gap, 0);
  // The exception goes back down beside it, if no lane on the right is for that.
  const back = scene.columns.lane === 0 && beadsWidth(chip) > 0 ? GEOMETRY.back : 0;
  const extent = w + pills + Math.max(back, beadsWidth(chip));
  return { fitted: { chip, detail, prefix, kind, name, package: from, w, ...row }, detail, extent };
}

/** The pills beside a chip; those that are folded are in rows of their own once they are opened. */
function pillRow(scene: Scene, chip: Chip, detail: Detail): PillRow {
  const all = pillsOf(scene, chip, detail);
  const inside = all.filter(canFold);
  if (inside.length <= detail.pills) return { pills: all, rows: [] };
  const rest = inside.slice(detail.pills);
  const fold = foldOf(scene, chip, rest);
  const shown = all.filter((pill) => !rest.includes(pill));
  const last = shown.findLastIndex((pill) => pill.kind !== "change" && pill.kind !== "note");
  return {
    pills: [...shown.slice(0, last + 1), fold, ...shown.slice(last + 1)],
    rows: fold.open ? inRows(rest, scene.columns.room - 40) : [],
  };
}

function inRows(pills: readonly Pill[], width: number): readonly (readonly Pill[])[] {
  const rows: Pill[][] = [];
  let used = Infinity;
  for (const pill of pills) {
    if (used + pill.w > width) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)?.push(pill);
    used += pill.w + GEOMETRY.pill.gap;
  }
  return rows;
}
