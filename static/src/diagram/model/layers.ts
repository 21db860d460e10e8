/** The outermost layers as one band, where there is little room. */

import { time } from "../../trace/format";
import { stepsIn } from "./fold";
import type { Band, Chip, Journey } from "./types";

/** The band inside them. */
const INNER = "session";
const KEY = "layers";

/**
 * Fold the bands around the session into one, unless something became of the request in them.
 *
 * @param selected the step that has to be seen.
 */
export function foldLayers(
  { bands, propagated, held }: Journey,
  opened: ReadonlySet<string>,
  selected: number | null,
): readonly Band[] {
  const count = bands.findIndex(({ key }) => key === INNER);
  const outer = bands.slice(0, Math.max(0, count));
  const chips = outer.flatMap(({ left, right }) => [...left, ...right]);
  const telling = propagated !== null || chips.some(({ state }) => state === "raised");
  const [first] = outer;
  if (first === undefined || outer.length < 2 || telling) return bands;
  const has = (step: number | null): boolean =>
    chips.some((chip) => [...stepsIn(chip), ...chip.beads].some(({ id }) => id === step));
  if (opened.has(KEY) || has(selected) || has(held?.step ?? null)) {
    const closing = { ...first, label: `${first.label} ▾`, fold: { key: KEY, open: true } };
    return [closing, ...bands.slice(1)];
  }
  return [
    {
      key: KEY,
      label: `${outer.length} outer layers ▸`,
      sub: "",
      hue: 0,
      fold: { key: KEY, open: false },
      left: layerChips(
        "in",
        outer.flatMap(({ left }) => left),
      ),
      right: layerChips(
        "out",
        outer.flatMap(({ right }) => right),
      ),
    },
    ...bands.slice(count),
  ];
}

function layerChips(kind: "in" | "out", chips: readonly Chip[]): readonly Chip[] {
  return chips.length === 0 ? [] : [layerChip(kind, chips)];
}

/** The chip for all that run on the way in, or out. */
export function layerChip(kind: string, chips: readonly Chip[]): Chip {
  const timed = chips.filter(({ own, stage }) => own !== null && stage !== "body");
  const own = timed.reduce((sum, chip) => sum + (chip.own ?? 0), 0);
  return {
    ...(chips[0] as Chip),
    key: `${KEY}:${kind}`,
    opens: KEY,
    kind,
    name: timed.length === 0 ? "…" : time(own),
    state: chips.every(({ state }) => state === "pending") ? "pending" : "done",
    step: null,
    dot: null,
    half: false,
    pills: [],
    inner: [],
    note: "",
    hold: null,
    package: null,
    own: null,
    beads: [],
    folded: chips,
  };
}
