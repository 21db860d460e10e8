/** The rows of the list as they are now. */

import { computed } from "@preact/signals";

import { actions } from "../state/actions";
import { field, state, visible } from "../state/store";
import { HEIGHT, neighbourOf, rowsOf } from "./rows";

const [traces, imported, filter, earlier] = [
  field("traces"),
  field("imported"),
  field("filter"),
  field("earlier"),
];
const [gaps, grouped, folds, selected] = [field("gaps"), field("grouped"), field("folds"), field("selected")];

export const rows = computed(() =>
  rowsOf(
    {
      traces: traces.value,
      imported: imported.value,
      filter: filter.value,
      earlier: earlier.value,
      gaps: gaps.value,
      grouped: grouped.value,
      folds: folds.value,
      selected: selected.value,
    },
    visible.value,
  ),
);

/** The top of each row, px, and the bottom of the last one. */
export const tops = computed<readonly number[]>(() => {
  let top = 0;
  return [0, ...rows.value.map((row) => (top += HEIGHT[row.kind]))];
});

/** Move the selection down the list by some requests, or up. */
export function moveSelection(by: number): void {
  const next = neighbourOf(rows.value, state.value.selected, by);
  if (next !== null) actions.select(next.id);
}
