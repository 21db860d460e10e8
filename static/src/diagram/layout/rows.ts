/** The rows of a band: a row has a chip of the way in, one of the way out, or both. */

import { fold } from "../model/fold";
import type { Band, Chip } from "../model/types";
import { GEOMETRY } from "./geometry";
import { alone, together, type FittedChip } from "./fitting";
import { isReplayed, type Scene } from "./scene";

/** The part of a row of chips that a row of pills takes. */
const ROW = 30;

export interface PlacedChip extends FittedChip {
  readonly row: number;
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
  const place = (column: PlacedChip[], chip: FittedChip): number => {
    column.push({ ...chip, row });
    return rowsTaken(chip);
  };
  for (let index = 0; index < Math.max(lefts.length, rights.length); index++) {
    const [one, other] = [lefts[index], rights[index]];
    const both = one === undefined || other === undefined ? null : together(scene, one, other);
    if (both !== null) row += Math.max(place(left, both[0]), place(right, both[1]));
    else {
      if (one !== undefined) row += place(left, alone(scene, one));
      if (other !== undefined) row += place(right, alone(scene, other));
    }
  }
  return { left, right, rows: row };
}

function rowsTaken({ rows }: FittedChip): number {
  return 1 + Math.ceil((rows.length * GEOMETRY.pill.row) / ROW);
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
