/** What a time differs by, in words: pure. */

import { time } from "../../trace/format";
import type { Times } from "../model/types";

/** Differences below either are noise whatever the runs: a part of the time, and ns. */
const SHARE = 0.05;
const LEAST = 100_000;

export interface Difference {
  /** Signed; ≈ where it is within the noise; empty where there is no time. */
  readonly text: string;
  /** Whether it is told from chance. */
  readonly sure: boolean;
}

export const NOISE = "≈";

/**
 * @param single whether a side has one run: then no time is told from chance, and what may be more than
 * noise is shown without weight.
 */
export function differenceOf({ a, b, beyond }: Times, single: boolean): Difference {
  if (a === null && b === null) return { text: "", sure: false };
  const by = (b ?? 0) - (a ?? 0);
  const oneSided = a === null || b === null;
  if (!oneSided && (single ? !isVisible(a, b) : !beyond)) return { text: NOISE, sure: false };
  return { text: signed(by), sure: oneSided || !single };
}

/** Whether two times differ by more than what is never shown. */
export function isVisible(a: number, b: number): boolean {
  return Math.abs(b - a) > Math.max(SHARE * Math.max(a, b), LEAST);
}

export function signed(ns: number): string {
  return `${ns < 0 ? "−" : "+"}${time(Math.abs(ns))}`;
}
