/** The requests that a filter lets through, where most are known from the list or the filter before. Pure. */

import type { TraceSummary } from "../api/types";
import { term, words } from "../trace/filter";

type Traces = readonly TraceSummary[];

/** A term, the requests that were tested by it, and which of them passed. */
interface Tested {
  readonly word: string;
  readonly all: Traces;
  readonly passes: Uint8Array;
  readonly passing: Traces;
}

/**
 * Make a filter that tests only what is new: a term that was there before keeps its results of all requests
 * that have not changed. While nothing else passes, it returns the same array.
 */
export function sieve(): (traces: Traces, filter: string) => Traces {
  let terms: readonly Tested[] = [];
  let passing: Traces = [];
  return (traces, filter) => {
    let left = traces;
    // What is written twice is tested once.
    terms = [...new Set(words(filter))].map((word, at) => {
      const known = terms[at]?.word === word ? terms[at] : undefined;
      const tested = known?.all === left ? known : testAll(word, left, known);
      left = tested.passing;
      return tested;
    });
    passing = isSame(left, passing) ? passing : left;
    return passing;
  };
}

function testAll(word: string, all: Traces, known: Tested | undefined): Tested {
  const test = term(word);
  const passes = new Uint8Array(all.length);
  // A term that is not valid is none.
  if (typeof test === "string") return { word, all, passes, passing: all };
  const before = known?.all ?? [];
  let [at, count] = [0, 0];
  all.forEach((trace, index) => {
    // Both are in one order, newest first, and mostly the same, so that they are gone through side by side.
    while (before[at] !== trace && (before[at]?.id ?? "") > trace.id) at += 1;
    const isKnown = at < before.length && before[at] === trace;
    const isPassing = isKnown ? known?.passes[at] === 1 : test(trace);
    if (isKnown) at += 1;
    if (!isPassing) return;
    passes[index] = 1;
    count += 1;
  });
  const passing = count === all.length ? all : all.filter((_, index) => passes[index] === 1);
  return { word, all, passes, passing };
}

function isSame(one: Traces, other: Traces): boolean {
  return one.length === other.length && one.every((trace, index) => trace === other[index]);
}
