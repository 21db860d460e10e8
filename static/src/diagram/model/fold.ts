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
  const first = run[0];
  if (first === undefined) return [];
  const key = `fold:${first.key}`;
  const open = opened.has(key) || run.some((chip) => chip.step !== null && chip.step.id === selected);
  const own = run.reduce((sum, chip) => sum + (chip.own ?? 0), 0);
  const count = `+${run.length} hooks`;
  const ran = run.some((chip) => chip.own !== null);
  const chip: Chip = {
    ...first,
    key,
    beads: run.flatMap((each) => each.beads),
    name: open ? `${run.length} hooks` : ran ? `${count}, ${time(own)}` : count,
    step: null,
    folded: run,
    own: ran ? own : null,
    when: Math.min(...run.map((each) => each.when)),
  };
  return open ? [{ ...chip, own: null, beads: [] }, ...run] : [chip];
}
