/** Traces in order, newest first: ids sort by the time of creation. */

import type { TraceSummary } from "../api/types";

/** Insert traces, oldest first, into others, newest first. */
export function merge(
  known: readonly TraceSummary[],
  more: readonly TraceSummary[],
): readonly TraceSummary[] {
  const all = [...known];
  // A message may say something of one twice: what comes later is newer.
  const added = new Map<string, TraceSummary>();
  for (const trace of more) {
    const at = indexOf(known, trace.id);
    if (known[at]?.id === trace.id) all[at] = trace;
    else added.set(trace.id, trace);
  }
  if (added.size === 0) return all;
  const fresh = [...added.values()];
  const merged = [...fresh.reverse(), ...all];
  const ordered = (fresh.at(-1)?.id ?? "") > (all[0]?.id ?? "");
  return ordered && isOrdered(fresh) ? merged : merged.sort((a, b) => (a.id < b.id ? 1 : -1));
}

/** The traces of two lists, newest first, in one. */
export function interleave(
  one: readonly TraceSummary[],
  other: readonly TraceSummary[],
): readonly TraceSummary[] {
  const all: TraceSummary[] = [];
  let taken = 0;
  for (const trace of one) {
    for (let next = other[taken]; next !== undefined && next.id > trace.id; next = other[taken]) {
      all.push(next);
      taken += 1;
    }
    all.push(trace);
  }
  return [...all, ...other.slice(taken)];
}

function isOrdered(traces: readonly TraceSummary[]): boolean {
  return traces.every((trace, index) => index === 0 || trace.id < (traces[index - 1]?.id ?? ""));
}

/** The trace of an id. */
export function byId(traces: readonly TraceSummary[], id: string): TraceSummary | undefined {
  const found = traces[indexOf(traces, id)];
  return found?.id === id ? found : undefined;
}

/** The index of a trace, or its insertion index. */
export function indexOf(traces: readonly TraceSummary[], id: string): number {
  let [low, high] = [0, traces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((traces[middle]?.id ?? "") > id) low = middle + 1;
    else high = middle;
  }
  return low;
}
