/** Fold many quick hooks into one chip. */

import { time } from "../../trace/format";
import type { Chip } from "./types";
import { spent } from "../../trace/steps";

const MANY = 8;
const FEWEST = 3;
const QUICK_SHARE = 0.02;

/** Fold runs of quick hooks in a column with many. An open fold keeps a chip that closes it. */
export function fold(
  chips: readonly Chip[],
  total: number,
  opened: ReadonlySet<string>,
  selected: number | null,
): Chip[] {
  if (chips.length <= MANY) return [...chips];
  const folded: Chip[] = [];
  let run: Chip[] = [];
  const flush = (): void => {
    if (run.length < FEWEST) folded.push(...run);
    else folded.push(...together(run, opened, selected));
    run = [];
  };
  for (const chip of chips) {
    if (isQuick(chip, total)) run.push(chip);
    else {
      flush();
      folded.push(chip);
    }
  }
  flush();
  return folded;
}

function isQuick(chip: Chip, total: number): boolean {
  // Decided by the whole step, whatever the moment, so that a replay moves nothing.
  const step = chip.step;
  const lasted = step === null ? 0 : spent(step);
  const plain = step === null || step.outcome === "ok" || step.outcome === null;
  return (
    plain &&
    chip.state !== "running" &&
    lasted <= total * QUICK_SHARE &&
    chip.pills.length + chip.inner.length === 0 &&
    chip.again === null &&
    chip.dot === null &&
    !chip.hidden
  );
}

function together(run: readonly Chip[], opened: ReadonlySet<string>, selected: number | null): Chip[] {
  const isSelected = run.some((chip) => chip.step !== null && chip.step.id === selected);
  const open = isSelected || (run[0] !== undefined && opened.has(`fold:${run[0].key}`));
  const chip = closed(run, open);
  return open ? [chip, ...run] : [chip];
}

/** The chip for a run of quick hooks, which is also there while they are shown. */
export function closed(run: readonly Chip[], open: boolean): Chip {
  const first = run[0] as Chip;
  const own = run.reduce((sum, chip) => sum + (chip.own ?? 0), 0);
  const count = `+${run.length} hooks`;
  const ran = run.some((chip) => chip.own !== null);
  return {
    ...first,
    key: `fold:${first.key}`,
    beads: open ? [] : run.flatMap((each) => each.beads),
    name: open ? `${run.length} hooks` : ran ? `${count}, ${time(own)}` : count,
    step: null,
    folded: run,
    own: ran && !open ? own : null,
    when: Math.min(...run.map((each) => each.when)),
  };
}
