/** The rows of a band: a row has a chip of the way in, one of the way out, or both. */

import { fold } from "../model/fold";
import type { Band, Chip } from "../model/types";
import { GEOMETRY } from "./geometry";
import { alone, together, type FittedChip } from "./fitting";
import { isReplayed, type Scene } from "./scene";

/** The height of a row of chips at its least, px. */
const ROW = GEOMETRY.tight.row;

export interface PlacedChip extends FittedChip {
  readonly row: number;
  /** How many rows of pills are between it and its own: those of the chip across. */
  readonly skipped: number;
}

export interface Rows {
  readonly left: readonly PlacedChip[];
  readonly right: readonly PlacedChip[];
  /** How many rows it takes. */
  readonly rows: number;
}

export interface BandRows extends Rows {
  readonly band: Band;
}

/** Put the chips of two columns in rows; those that do not fit beside each other, one below the other. */
export function arrange(scene: Scene, lefts: readonly Chip[], rights: readonly Chip[]): Rows {
  const left: PlacedChip[] = [];
  const right: PlacedChip[] = [];
  let row = 0;
  const place = (column: PlacedChip[], chip: FittedChip): void => {
    column.push({ ...chip, row, skipped: 0 });
    row += rowsTaken(chip.rows.length);
  };
  for (let index = 0; index < Math.max(lefts.length, rights.length); index++) {
    const [one, other] = [lefts[index], rights[index]];
    const both = one === undefined || other === undefined ? null : together(scene, one, other);
    if (both !== null) {
      const [fitted, across] = both;
      left.push({ ...fitted, row, skipped: 0 });
      right.push({ ...across, row, skipped: fitted.rows.length });
      row += rowsTaken(fitted.rows.length + across.rows.length);
    } else {
      if (one !== undefined) place(left, alone(scene, one));
      if (other !== undefined) place(right, alone(scene, other));
    }
  }
  return { left, right, rows: row };
}

function rowsTaken(pillRows: number): number {
  return 1 + Math.ceil((pillRows * GEOMETRY.pill.row) / ROW);
}

/** The chips of each band in their rows, quick hooks folded. */
export function arrangeBands(scene: Scene): readonly BandRows[] {
  const { trace, total } = scene.journey;
  const whole = trace.app_time ?? trace.duration ?? total;
  const folded = (chips: readonly Chip[]): readonly Chip[] =>
    fold(chips, {
      total: whole,
      opened: scene.opened,
      selected: isReplayed(scene) ? null : scene.space.selected,
      mine: scene.space.mine === true,
    });
  return scene.bands.map((band) => ({ band, ...arrange(scene, folded(band.left), folded(band.right)) }));
}
