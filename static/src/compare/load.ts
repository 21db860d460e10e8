/** Fetch a comparison, and the two requests that it aligns. */

import type { Trace } from "../api/types";
import { journey } from "../diagram/model/journey";
import { actions } from "../state/actions";
import { fetchComparison } from "../state/comparing";
import type { Pairing } from "../state/state";
import { state } from "../state/store";
import { compared } from "./model/compared";
import type { Compared } from "./model/types";

export interface Loaded {
  readonly model: Compared;
  readonly a: Trace;
  readonly b: Trace;
}

/** An app that has just been restarted may not answer at once. */
const [TRIES, WAIT] = [6, 500];

/** Null if the server no longer stores one of them, or does not answer. */
export async function load(pairing: Pairing): Promise<Loaded | null> {
  for (let tries = 1; ; tries++) {
    const loaded = await loadOnce(pairing);
    if (loaded !== null || tries === TRIES || state.value.recorded !== null) return loaded;
    await new Promise((resolve) => {
      setTimeout(resolve, WAIT);
    });
  }
}

async function loadOnce(pairing: Pairing): Promise<Loaded | null> {
  const comparison = await fetchComparison(pairing);
  if (comparison === null) return null;
  const [a, b] = await Promise.all([comparison.a, comparison.b].map(traceOf));
  if (a == null || b == null) return null;
  return { model: compared(comparison, { a: journeyOf(a), b: journeyOf(b) }), a, b };
}

function traceOf(id: string): Promise<Trace | null> {
  return actions.ask<Trace>(`api/traces/${encodeURIComponent(id)}`);
}

/** What ran, without what the registries of today promise: they may not be those of its run. */
function journeyOf(trace: Trace): ReturnType<typeof journey> {
  return journey(trace, null, trace.duration ?? 0);
}
