/** Which tabs are shown, and which are in the menu: pure. */

import type { Trace } from "../api/types";
import { VIEW_NAMES, type ViewName } from "../state/viewNames";
import { VIEWS } from "./table";

const GAP = 2;

/** The views that have something to show, and the open one, in order. */
export function filledTabs(
  trace: Trace | null,
  open: ViewName,
  views: readonly ViewName[] = VIEW_NAMES,
): readonly ViewName[] {
  return views.filter((name) => {
    const { count, rare = false } = VIEWS[name];
    return name === open || (!rare && (count === undefined || (trace !== null && count(trace) > 0)));
  });
}

/** The first of these that fit, and the open one in any case; widths in px. */
export function fittingTabs(
  names: readonly ViewName[],
  widths: ReadonlyMap<ViewName, number>,
  open: ViewName,
  room: number,
): readonly ViewName[] {
  const widthOf = (name: ViewName): number => (widths.get(name) ?? 0) + GAP;
  let left = room - widthOf(open);
  const fits = names.map((name) => {
    if (name === open) return true;
    left -= widthOf(name);
    return left >= 0;
  });
  return names.filter((_, index) => fits[index]);
}
