/** The times for which a request was held at a step: pure. */

import {
  FLAGS,
  type DrawnPart,
  type Flag,
  type Hold,
  type Step,
  type StripPart,
  type When,
} from "../api/types";
import { time } from "./format";

/** A trace, or a summary of one; files of older versions have no holds. */
export interface Holding {
  readonly id: string;
  readonly holds?: readonly Hold[];
}

const NONE: readonly Hold[] = [];

export function holdsOf({ holds = NONE }: Holding): readonly Hold[] {
  return holds;
}

/** The hold that a request is in at a moment, ns; by default now. */
export function holdAt(trace: Holding, at = Infinity): Hold | null {
  return holdsOf(trace).findLast(({ begin, end }) => begin <= at && (end === null || end > at)) ?? null;
}

/** Whether a running request is held now. */
export function isHeld(trace: Holding & { readonly state: string }): boolean {
  return trace.state === "running" && holdAt(trace) !== null;
}

/** How long a request was held between two moments, ns; `now` is the end of a hold that lasts. */
export function heldIn(holds: readonly Hold[], from: number, to: number, now: number): number {
  return spans(holds, now).reduce(
    (sum, [begin, end]) => sum + Math.max(0, Math.min(end, to) - Math.max(begin, from)),
    0,
  );
}

/** How long a request was held in all, ns. */
export function heldFor(trace: Holding, now: number): number {
  return heldIn(holdsOf(trace), 0, Infinity, now);
}

/** "of which 3.2 s held", or nothing. */
export function ofWhichHeld(held: number): string {
  return held > 0 ? `of which ${brief(held)} held` : "";
}

/** Whether a request was held before a step ran, or after: then, its end is known when the hold begins. */
export function whenOf({ begin }: Hold, { end }: Step): When {
  return end !== null && begin >= end ? "after" : "before";
}

/** How long a step was held, ns. */
export function heldInStep(step: Step, holds: readonly Hold[], now: number): number {
  return holds.length === 0 ? 0 : heldIn(holds, step.begin, step.end ?? now, now);
}

/** A time that a person waits for: "3.2 s", "45 s", "2 min 5 s". */
export function brief(ns: number): string {
  const seconds = ns / 1e9;
  if (seconds < 1) return time(ns);
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** What was done by hand that the app's code does not do. */
const BY_HAND: Readonly<Record<string, string>> = {
  answer: "answered by hand",
  skip: "skipped by hand",
  raise: "raised by hand",
};

/** What was done by hand at the end of a hold; empty if the request only went on. */
export function byHand({ did }: Hold): string {
  return did === null ? "" : (BY_HAND[did] ?? "");
}

/** What was done to a request by hand, in order. */
export function interventions(trace: Holding): readonly Hold[] {
  return holdsOf(trace).filter((hold) => byHand(hold) !== "");
}

const BY_HAND_LABEL = FLAGS.by_hand[1].replace("{}", "");

/** Its flags, without that it is held, or what was done by hand, where these are said apart. */
export function flagsWithout(
  flags: readonly Flag[],
  ...said: readonly ("held" | "by_hand")[]
): readonly Flag[] {
  const isSaid = (label: string): boolean =>
    (said.includes("held") && label === FLAGS.held[1]) ||
    (said.includes("by_hand") && label.startsWith(BY_HAND_LABEL));
  return flags.some(([, label]) => isSaid(label)) ? flags.filter(([, label]) => !isSaid(label)) : flags;
}

/** A clock on which holds take little room, so that they do not set the scale. */
export interface Squeeze {
  /** How long the whole is on it. */
  readonly total: number;
  readonly at: (moment: number) => number;
  /** The moment at which it shows this. */
  readonly moment: (shown: number) => number;
  /** The holds on it. */
  readonly holds: readonly (readonly [begin: number, end: number])[];
}

/** Of the rest of the time, the part that all holds together are drawn as: while one lasts, and then. */
const SHARE = { now: 4, over: 0.35 } as const;

/**
 * Squeeze the holds of a request.
 *
 * @param lasted how long it has lasted, ns, holds included.
 * @param share of the rest of the time, what the holds take together.
 */
export function squeezed(holds: readonly Hold[], lasted: number, share = shareOf(holds)): Squeeze {
  const all = spans(holds, lasted).filter(([begin, end]) => begin <= lasted && end > begin);
  if (all.length === 0) return { total: lasted, at: same, moment: same, holds: [] };
  const held = all.reduce((sum, [begin, end]) => sum + Math.min(end, lasted) - begin, 0);
  const factor = held === 0 ? 1 : Math.min(1, (Math.max(1, lasted - held) * share) / held);
  const points: (readonly [moment: number, shown: number])[] = [[0, 0]];
  const shown: (readonly [begin: number, end: number])[] = [];
  const add = (moment: number, by: number): number => {
    const [last, at] = points.at(-1) as readonly [number, number];
    const next = at + (moment - last) * by;
    points.push([moment, next]);
    return next;
  };
  for (const [begin, end] of all) shown.push([add(begin, 1), add(Math.min(end, lasted), factor)]);
  const total = add(lasted, 1);
  return {
    total,
    at: (moment) => between(points, moment, 0, 1),
    moment: (value) => between(points, value, 1, 0),
    holds: shown,
  };
}

const same = (value: number): number => value;

function shareOf(holds: readonly Hold[]): number {
  return holds.some(({ end }) => end === null) ? SHARE.now : SHARE.over;
}

/** From one scale to the other; beyond the last point, both go on alike. */
function between(
  points: readonly (readonly [moment: number, shown: number])[],
  value: number,
  from: 0 | 1,
  to: 0 | 1,
): number {
  const next = points.findIndex((point) => point[from] >= value);
  const last = points.at(-1) as readonly [number, number];
  if (next < 0) return last[to] + value - last[from];
  const [low, high] = [points[Math.max(0, next - 1)], points[next]] as const;
  if (low === undefined || high === undefined || high[from] === low[from]) return high?.[to] ?? value;
  return low[to] + ((high[to] - low[to]) * (value - low[from])) / (high[from] - low[from]);
}

/** The holds in order, those that meet as one: threads of one request can be held at once. */
function spans(holds: readonly Hold[], now: number): readonly (readonly [begin: number, end: number])[] {
  const merged: [number, number][] = [];
  for (const [begin, end] of holds
    .map(({ begin, end }) => [begin, Math.max(begin, end ?? now)] as const)
    .sort(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last !== undefined && begin <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([begin, end]);
  }
  return merged;
}

/** A strip with its holds, and how long it is. */
export function stripWithHolds(
  trace: Holding,
  parts: readonly StripPart[],
  lasted: number,
): { readonly parts: readonly DrawnPart[]; readonly duration: number } {
  const holds = holdsOf(trace);
  if (holds.length === 0) return { parts, duration: lasted };
  const clock = squeezed(holds, lasted);
  return {
    duration: clock.total,
    parts: [
      ...parts.map(([kind, begin, end]): DrawnPart => [kind, clock.at(begin), clock.at(end)]),
      ...clock.holds.map(([begin, end]): DrawnPart => ["hold", begin, end]),
    ],
  };
}
