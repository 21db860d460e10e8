/** The row of a request from a file: what Python counted and flagged when it wrote the file. */

import type { Sent, Step, Trace, TraceSummary } from "../api/types";

/** What files of older versions do not have. */
const NONE: Pick<TraceSummary, "strip" | "counts" | "flags" | "changed"> = {
  strip: [],
  counts: {},
  flags: [],
  changed: {},
};

/** A request as finished, even if it was running when it was saved. */
export function summarize({ steps, highlights, ...trace }: Trace): TraceSummary {
  const duration = trace.duration ?? steps.reduce((most, step) => Math.max(most, step.end ?? step.begin), 0);
  return {
    ...NONE,
    ...trace,
    state: "done",
    duration,
    elapsed: duration,
    sending: false,
    merged: false,
    step_count: steps.length,
    now: null,
    cause: null,
    background: null,
    toolbar: null,
    sent: steps.flatMap(sentIn),
  };
}

/** The request that the app sent in a step, if it sent one. */
function sentIn({ id, detail: { trace, traceparent } }: Step): readonly Sent[] {
  const [named, span] = [trace, traceparent].map((each) => (typeof each === "string" ? each : null));
  return named == null && span == null ? [] : [{ step: id, trace: named ?? null, traceparent: span ?? null }];
}
