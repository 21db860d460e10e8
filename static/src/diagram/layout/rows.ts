/** The width of each chip, and its row in its band. */

import { ellipsize } from "../../trace/text";
import { fold } from "../model/fold";
import type { Band, Chip } from "../model/types";
import { GEOMETRY } from "./geometry";
import { arrangePills, type PillRow } from "./pills";
import { fit, widthOf, type Scene } from "./scene";

const { padding, gap } = GEOMETRY.chip;
/** What a chip has beside its texts. */
const CHIP_EXTRA = 2 * padding + gap;
const PREFIX_GAP = 6;
const LONGEST_PREFIX = 28;
const LEAST_NAME = 60;
/** In what part of it a row of pills takes a row of chips. */
const ROW = 30;

export interface PlacedChip extends PillRow {
  readonly chip: Chip;
  readonly row: number;
  readonly name: string;
  readonly w: number;
}

export interface BandRows {
  readonly band: Band;
  readonly left: readonly PlacedChip[];
  readonly right: readonly PlacedChip[];
  /** How many rows it takes. */
  readonly rows: number;
}

/** A pending or skipped chip is drawn in outline. */
export function isGhost({ state }: Chip): boolean {
  return state === "pending" || state === "skipped";
}

/** The least width of a drawing. */
export function leastWidth({ space }: Scene): number {
  return space.stage === true ? GEOMETRY.width.stage : GEOMETRY.width.least;
}

/** Half of what the least drawing has between the wires. */
function halfOf(scene: Scene): number {
  const { gutter, inset, wire, chip } = GEOMETRY;
  const levels = scene.journey.bands.length;
  return (leastWidth(scene) - 2 * (gutter + levels * inset + wire)) / 2 - 2 * chip.margin;
}

/** The scope of a handler: those of blueprints and of the app share a row. */
export function prefixOf({ journey }: Scene, chip: Chip): string {
  if (chip.stage !== "error_handler" || chip.hue === 0) return "";
  return ellipsize(journey.trace.blueprints[chip.hue - 1] ?? "", LONGEST_PREFIX);
}

/** What a prefix adds to the width of a chip. */
export function prefixWidth(scene: Scene, chip: Chip): number {
  const prefix = prefixOf(scene, chip);
  return prefix === "" ? 0 : widthOf(scene, prefix, "kind") + PREFIX_GAP;
}

export function chipWidth(scene: Scene, chip: Chip | undefined): number {
  if (chip === undefined) return 0;
  const kind = widthOf(scene, chip.kind, "kind");
  return CHIP_EXTRA + kind + widthOf(scene, ellipsize(chip.name), "name") + prefixWidth(scene, chip);
}

/** A long name may use what the chip across leaves. */
function widest(scene: Scene, chip: Chip | undefined, across: Chip | undefined): number {
  const half = halfOf(scene);
  return Math.min(chipWidth(scene, chip), Math.max(half, 2 * half - 60 - chipWidth(scene, across)));
}

/** The width available for a chip's pills, including space that the opposite chip leaves. */
function pillRoom(scene: Scene, chip: Chip, w: number, across: Chip | undefined): number {
  const half = halfOf(scene);
  // Those of a handler are below it, beside the wire from the view if there is one.
  if (across === chip) return (scene.journey.view.error === null ? half : 0) + w / 2 - 20;
  const room = 2 * half - 20 - w - widest(scene, across, chip);
  return across !== undefined && hasPills(across) ? room / 2 : room;
}

function hasPills({ pills, inner, step }: Chip): boolean {
  return pills.length + inner.length > 0 || step?.detail["changes"] !== undefined;
}

/** Put chips in rows; `across` are those at the other wire. */
export function arrange(
  scene: Scene,
  chips: readonly Chip[],
  across: readonly (Chip | undefined)[],
): readonly PlacedChip[] {
  const placed: PlacedChip[] = [];
  let row = 0;
  for (const [index, chip] of chips.entries()) {
    const each = arrangeChip(scene, chip, row, across[row], across[index]);
    placed.push(each);
    row += rowsTaken(each);
  }
  return placed;
}

function arrangeChip(
  scene: Scene,
  chip: Chip,
  row: number,
  besideName: Chip | undefined,
  besidePills: Chip | undefined,
): PlacedChip {
  const font = isGhost(chip) ? "ghost" : "name";
  const kind = widthOf(scene, chip.kind, "kind");
  const most = widest(scene, chip, besideName) - kind - CHIP_EXTRA;
  const name = fit(scene, chip.name, font, Math.max(LEAST_NAME, most));
  const w = CHIP_EXTRA + kind + widthOf(scene, name, font);
  const room = pillRoom(scene, chip, w, besidePills);
  return { chip, row, name, w, ...arrangePills(scene, chip, room, 2 * halfOf(scene) - 40) };
}

function rowsTaken({ rows }: PlacedChip): number {
  return 1 + Math.ceil((rows.length * GEOMETRY.pill.row) / ROW);
}

function rowsOf(placed: readonly PlacedChip[]): number {
  return placed.reduce((last, each) => Math.max(last, each.row + rowsTaken(each)), 0);
}

/** The chips of each band in their rows, quick hooks folded. */
export function arrangeBands(scene: Scene): readonly BandRows[] {
  const { bands, trace, total } = scene.journey;
  const whole = trace.app_time ?? trace.duration ?? total;
  return bands.map((band) => {
    const folded = (chips: readonly Chip[]): readonly Chip[] =>
      fold(chips, whole, scene.opened, scene.space.selected);
    const [leftChips, rightChips] = [folded(band.left), folded(band.right)];
    const left = arrange(scene, leftChips, rightChips);
    const right = arrange(scene, rightChips, leftChips);
    return { band, left, right, rows: Math.max(rowsOf(left), rowsOf(right)) };
  });
}
