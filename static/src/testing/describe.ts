/** What the panel makes of recorded requests, for tests/test_captions.py: a list of traces in, what it says of each out. */

import { readFileSync } from "node:fs";

import { summarize } from "../trace/summary";
import type { Trace } from "../api/types";
import { caption } from "../trace/captions";

const traces = JSON.parse(readFileSync(0, "utf-8")) as readonly Trace[];
process.stdout.write(
  JSON.stringify(
    traces.map((trace) => ({
      captions: trace.steps.map((step) => caption(step, trace)),
      summary: summarize(trace),
    })),
  ),
);
