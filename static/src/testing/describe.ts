/**
 * What the panel makes of recorded requests, for tests/integration/test_sentences.py: a list of traces in,
 * the rows of its list out.
 */

import { readFileSync } from "node:fs";

import { summarize } from "../trace/summary";
import type { Trace } from "../api/types";

const traces = JSON.parse(readFileSync(0, "utf-8")) as readonly Trace[];
process.stdout.write(JSON.stringify(traces.map(summarize)));
