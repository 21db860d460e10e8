/** The row of a request from a file: what Python counted and flagged when it wrote the file. */

import type { Trace, TraceSummary } from "../api/types";

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
  };
}
