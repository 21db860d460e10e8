/** Texts that have to fit. */

import { ellipsize, LONGEST_NAME } from "../../trace/text";
import type { Measure } from "./shapes";

/** Shorten until it is no wider than so many px. */
export function fitted(
  name: string,
  font: string,
  most: number,
  measure: Measure,
  longest = LONGEST_NAME,
): string {
  let short = ellipsize(name, longest);
  for (
    let letters = Math.min(longest, Array.from(short).length);
    letters > 5 && measure(short, font) > most;
    letters -= 2
  )
    short = ellipsize(name, letters);
  return short;
}
