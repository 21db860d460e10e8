/** Like statements in a row, which have one bracket. */

import type { Ribbon } from "../../diagram/model/types";
import { isStatement } from "../../trace/transactions";

/** So many have one. */
export const SEVERAL = 5;

/** Whether a view sends so many like statements in a row that they have a bracket. */
export function hasBracket(ribbon: Ribbon | null): boolean {
  let [last, times] = ["", 0];
  return (
    ribbon?.segments.some((step) => {
      times = isStatement(step) && step.name === last ? times + 1 : 1;
      last = isStatement(step) ? step.name : "";
      return times >= SEVERAL;
    }) ?? false
  );
}
