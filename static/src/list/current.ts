/** The rows of the list as they are now. */

import { computed } from "@preact/signals";

import { actions } from "../state/actions";
import { isFile } from "../trace/files";
import { isEarlier, restartsOf } from "../state/runs";
import { all, field, senders, state, visible, visibleImported } from "../state/store";
import { heightOf, rowWidth } from "./geometry";
import { namesOf, processKey, type Named } from "./processes";
import { heldFirst, neighbourOf, rowsOf } from "./rows";

const [imported, process] = [field("imported"), field("process")];
const [traces, earlier, kept, files] = [field("traces"), field("earlier"), field("kept"), field("files")];
const [gaps, grouped, folds, selected] = [field("gaps"), field("grouped"), field("folds"), field("selected")];

const others = field("others");
const restarts = computed(() => restartsOf(all.value, { process: process.value, others: others.value }));

export const rows = computed(() =>
  heldFirst(
    rowsOf(
      {
        process: process.value,
        imported: visibleImported.value,
        gaps: gaps.value,
        grouped: grouped.value,
        folds: folds.value,
        selected: selected.value,
        restarts: restarts.value,
        senders: senders.value,
      },
      visible.value,
    ),
  ),
);

/** The top of each row, px, and the bottom of the last one. */
export const tops = computed<readonly number[]>(() => {
  let top = 0;
  const width = rowWidth.value;
  return [0, ...rows.value.map((row) => (top += heightOf(row, width)))];
});

/** How many requests there are, and how many static files, with those that the page has not fetched yet. */
export const counted = computed(() => {
  const ofEarlier = earlier.value.filter(isFile).length;
  const own = Math.max(kept.value, traces.value.length);
  return {
    requests: own - files.value + earlier.value.length - ofEarlier,
    files: files.value + ofEarlier,
  };
});

/** How many requests have flags. */
export const flagged = computed(
  () =>
    all.value.reduce((sum, trace) => sum + Number(trace.flags.length > 0), 0) +
    imported.value.filter(({ trace }) => trace.flags.length > 0).length,
);

/** Those that answered since the last restart. */
const since = computed<readonly Named[]>(() => {
  const found = new Map<string, Named>();
  for (const trace of all.value)
    if (!isEarlier(restarts.value, { process: process.value }, trace))
      found.set(processKey(trace.process), trace.process);
  return [...found.values()];
});

let known: ReadonlyMap<string, string> = new Map();
/** A short name for each process, if there are several; an app that was restarted has one at a time. */
export const processes = computed(() => {
  const names = namesOf(since.value, known);
  known = new Map([...known, ...names]);
  return names;
});

/** Move the selection down the list by some requests, or up. */
export function moveSelection(by: number): void {
  const next = neighbourOf(rows.value, state.value.selected, by);
  if (next !== null) actions.select(next.id);
}
