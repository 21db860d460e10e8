/** The steps without a chip between a function that raised and its second run. */

import type { Step } from "../../api/types";
import type { Chip } from "../model/types";

/** From one to the next beside a chip, and from the chip to the first one. */
export const BESIDE = 13;
export const FIRST_BESIDE = 16;
const RADIUS = 5;

/** These, which are drawn beside its chip: the first wire ends there. */
export function beadsBefore({ again, beads, state }: Chip): readonly Step[] {
  return again === null || state !== "raised" ? [] : beads.filter((step) => step.begin < again.begin);
}

/** The room that these take. */
export function beadsWidth(chip: Chip): number {
  const count = beadsBefore(chip).length;
  return count === 0 ? 0 : FIRST_BESIDE + (count - 1) * BESIDE + RADIUS;
}
