/** Attach steps without a chip: they are drawn inside one, or on the wire after one. */

import type { Step, TraceSummary } from "../../api/types";
import { AROUND, COLLECTED, ranIn } from "../../trace/steps";
import type { Draft } from "./chips";
import type { Chip, Ribbon, Stop } from "./types";

/** By the key of a chip or a ribbon. */
type ByKey = ReadonlyMap<string, readonly Step[]>;

interface Attached {
  readonly pills: ByKey;
  readonly beads: ByKey;
}

export function attach(draft: Draft, chips: readonly Chip[], stops: readonly Stop[]): Attached {
  const { trace, steps, moment } = draft.facts;
  const hosts = hostsOf(chips);
  const hostOf = (step: Step): string | undefined => {
    let home = steps.home(step);
    while (home !== null && !hosts.has(home.id)) home = steps.home(home);
    return home === null ? undefined : hosts.get(home.id);
  };
  const pills = new Map<string, Step[]>();
  const beads = new Map<string, Step[]>();
  for (const step of trace.steps) {
    if (draft.taken.has(step.id)) continue;
    const host = hostOf(step);
    if (host !== undefined) add(pills, host, step);
    else if (!COLLECTED.has(step.stage) && moment.begun(step)) add(beads, lastStop(stops, step), step);
  }
  return { pills, beads };
}

/** The chip of each step that has one. */
function hostsOf(chips: readonly Chip[]): ReadonlyMap<number, string> {
  const hosts = new Map<number, string>();
  for (const chip of chips) {
    if (chip.step !== null && !chip.half) hosts.set(chip.step.id, chip.key);
    if (chip.again !== null) hosts.set(chip.again.id, chip.key);
  }
  return hosts;
}

function add(to: Map<string, Step[]>, key: string, step: Step): void {
  to.set(key, [...(to.get(key) ?? []), step]);
}

/** Where the wire passed last before a step. */
function lastStop(stops: readonly Stop[], step: Step): string {
  const before = stops.findLast(
    (stop) => stop.when < step.begin || (stop.when === step.begin && stop.order < step.id),
  );
  return (before ?? stops[0])?.key ?? "receive";
}

/** Add to a chip the steps inside it and after it. */
export function dresser(
  draft: Draft,
  { pills, beads }: Attached,
  ribbons: readonly Ribbon[],
): (chip: Chip) => Chip {
  const { trace, moment, inner } = draft.facts;
  const drawn = ribbons.flatMap((ribbon) => ribbon.inner);
  const rest = inner.filter((each) => !drawn.includes(each));
  const innerOf = ({ step, half, stage }: Chip): readonly TraceSummary[] => {
    if (step === null || half || !moment.begun(step) || AROUND.has(stage) || stage === "body") return [];
    return rest.filter((each) => ranIn(trace, each, step));
  };
  return (chip) => ({
    ...chip,
    pills: pills.get(chip.key) ?? [],
    beads: beads.get(chip.key) ?? [],
    inner: innerOf(chip),
  });
}
