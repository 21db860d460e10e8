/** Which request sent which: pure. */

import type { TraceSummary } from "../api/types";

/** The request that sent another one, and the step that did, if that is known. */
export interface Sender {
  readonly trace: string;
  readonly step: number | null;
}

/**
 * The senders of requests that came from others of these, by their ids. What the response named is certain;
 * what a request says of its sender counts if that has sent one of which nothing else is known.
 */
export function sendersOf(traces: readonly TraceSummary[]): ReadonlyMap<string, Sender> {
  const found = new Map<string, Sender>();
  const spans = new Map<string, Sender>();
  const sending = new Map<string, TraceSummary>();
  for (const trace of traces) {
    if (trace.sent === undefined || trace.sent.length === 0) continue;
    sending.set(trace.id, trace);
    for (const { step, trace: id, traceparent } of trace.sent) {
      if (id !== null) found.set(id, { trace: trace.id, step });
      else if (traceparent !== null) spans.set(traceparent, { trace: trace.id, step });
    }
  }
  if (sending.size === 0) return found;
  for (const trace of traces) {
    if (found.has(trace.id) || trace.parent !== null) continue;
    const sender = spans.get(trace.traceparent ?? "") ?? claimed(trace, sending);
    if (sender !== undefined) found.set(trace.id, sender);
  }
  return found;
}

/** The sender that a request names, if that agrees. */
function claimed({ caller }: TraceSummary, sending: ReadonlyMap<string, TraceSummary>): Sender | undefined {
  if (caller == null) return undefined;
  const sent = sending.get(caller.trace)?.sent ?? [];
  const isOpen = sent.some(
    ({ step, trace }) => trace === null && (caller.step === null || step === caller.step),
  );
  return isOpen ? caller : undefined;
}
