/** The rows of the list as they are now. */

import { computed } from "@preact/signals";

import type { Process } from "../api/types";
import { actions } from "../state/actions";
import { isFile } from "../trace/files";
import { isEarlier } from "../state/runs";
import { all, field, state, visible } from "../state/store";
import { heightOf, rowWidth } from "./geometry";
import { heldFirst, neighbourOf, rowsOf } from "./rows";

const [imported, filter, process] = [field("imported"), field("filter"), field("process")];
const [traces, earlier, kept, files] = [field("traces"), field("earlier"), field("kept"), field("files")];
const [gaps, grouped, folds, selected] = [field("gaps"), field("grouped"), field("folds"), field("selected")];

export const rows = computed(() =>
  heldFirst(
    rowsOf(
      {
        process: process.value,
        imported: imported.value,
        filter: filter.value,
        gaps: gaps.value,
        grouped: grouped.value,
        folds: folds.value,
        selected: selected.value,
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

/** A short name for each process, if there are several; an app that was restarted has one at a time. */
export const processes = computed<ReadonlyMap<string, string>>(() => {
  const own = all.value.filter((trace) => !isEarlier({ process: process.value }, trace));
  const keys = new Set(own.map(({ process }) => processKey(process)));
  const names = new Map([...keys].reverse().map((key, index) => [key, `w${index + 1}`]));
  return names.size > 1 ? names : NO_NAMES;
});

const NO_NAMES: ReadonlyMap<string, string> = new Map();

export function processKey({ host, pid }: Pick<Process, "host" | "pid">): string {
  return `${host} ${pid}`;
}

/** Move the selection down the list by some requests, or up. */
export function moveSelection(by: number): void {
  const next = neighbourOf(rows.value, state.value.selected, by);
  if (next !== null) actions.select(next.id);
}
