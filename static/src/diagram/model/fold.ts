/** Fold many quick hooks into one chip. */

import type { Step } from "../../api/types";
import { time } from "../../trace/format";
import { COLLECTED, isForeign, spent } from "../../trace/steps";
import type { Chip } from "./types";

const MANY = 8;
const FEWEST = 3;
const QUICK_SHARE = 0.02;

interface Folding {
  /** The time of the whole request, ns. */
  readonly total: number;
  readonly opened: ReadonlySet<string>;
  readonly selected: number | null;
  /** Whether the hooks of packages are folded, however many and however slow. */
  readonly mine: boolean;
}

/**
 * Fold runs of quick hooks in a column with many, and those of packages if only the app's own matter. An
 * open fold keeps a chip that closes it.
 */
export function fold(chips: readonly Chip[], folding: Folding): Chip[] {
  const many = chips.length > MANY;
  const folded: Chip[] = [];
  let run: Chip[] = [];
  const flush = (): void => {
    const wanted = run.length >= FEWEST || run.some((chip) => isFoldedAway(chip, folding));
    folded.push(...(wanted ? together(run, folding) : run));
    run = [];
  };
  for (const chip of chips) {
    if ((many && isQuick(chip, folding.total)) || isFoldedAway(chip, folding)) run.push(chip);
    else {
      flush();
      folded.push(chip);
    }
  }
  flush();
  return folded;
}

/** Whether a chip is a package's, and nothing special became of it. */
function isFoldedAway(chip: Chip, { mine }: Folding): boolean {
  const { outcome = "ok" } = chip.step ?? {};
  return (
    mine &&
    isForeign(chip) &&
    (outcome === "ok" || outcome === null) &&
    chip.again === null &&
    chip.hold === null &&
    !chip.hidden
  );
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
    chip.hold === null &&
    !chip.hidden
  );
}

/** The steps of a chip, which it has to itself. */
export function stepsIn({ step, half, dot, again, pills }: Chip): readonly Step[] {
  const own = [half ? null : step, dot, again].filter((each) => each !== null);
  return [...own, ...pills.filter(({ stage }) => !COLLECTED.has(stage))];
}

function together(run: readonly Chip[], { opened, selected }: Folding): Chip[] {
  const isSelected = run.some((chip) => stepsIn(chip).some(({ id }) => id === selected));
  const open = isSelected || (run[0] !== undefined && opened.has(`fold:${run[0].key}`));
  const chip = closed(run, open);
  return open ? [chip, ...run] : [chip];
}

/** The chip for a run of hooks, which is also there while they are shown. */
export function closed(run: readonly Chip[], open: boolean): Chip {
  const first = run[0] as Chip;
  const own = run.reduce((sum, chip) => sum + (chip.own ?? 0), 0);
  const hooks = run.length === 1 ? "1 hook" : `${run.length} hooks`;
  const ran = run.some((chip) => chip.own !== null);
  return {
    ...first,
    key: `fold:${first.key}`,
    beads: open ? [] : run.flatMap((each) => each.beads),
    name: open ? hooks : ran ? `+${hooks}, ${time(own)}` : `+${hooks}`,
    package: run.every((each) => each.package === first.package) ? first.package : null,
    step: null,
    dot: null,
    pills: [],
    inner: [],
    note: "",
    hold: null,
    folded: run,
    isOpen: open,
    own: ran && !open ? own : null,
    when: Math.min(...run.map((each) => each.when)),
  };
}
