/** Completions of the filter: names, then values of the requests. */

import { ALL_NAMES, VALUES } from "../trace/filter";
import { COUNTS, type TraceSummary } from "../api/types";

export interface Option {
  /** The text that replaces the word being typed. */
  readonly text: string;
  readonly hint: string;
}

const MOST = 10;

const HINTS: Readonly<Record<string, string>> = {
  status: "404, 5xx or >399",
  method: "GET, POST, …",
  bp: "a blueprint, or one inside it",
  path: "how the path begins",
  endpoint: "an endpoint",
  process: "a process number",
  host: "a machine",
  app: "an app, where the panel shows several",
  time: "ms, as >50",
  is: "flagged, running, done, inner, static",
  has: "error, sql, …",
  sql: "number of statements, such as >20",
  log: "number of log records, or error",
  g: "a name in g that a function changed",
  session: "a name in the session that a function changed",
};

const COUNTED: Readonly<Record<string, string>> = COUNTS;

const KNOWN: Readonly<Record<string, (trace: TraceSummary) => readonly (string | null)[]>> = {
  method: (trace) => [trace.method],
  status: (trace) =>
    trace.status === null ? [] : [trace.status.toString(), `${Math.floor(trace.status / 100)}xx`],
  bp: (trace) => trace.blueprints,
  endpoint: (trace) => [trace.endpoint],
  path: (trace) => [trace.path],
  process: ({ process }) => [process.pid.toString()],
  host: ({ process }) => [process.host],
  app: ({ process }) => [process.app ?? null],
};

export function complete(draft: string, traces: readonly TraceSummary[]): readonly Option[] {
  const [, minus = "", name, value = ""] = /^(-?)(?:([A-Za-z]+):)?(.*)$/s.exec(draft) ?? [];
  if (name === undefined) {
    const names = ALL_NAMES.filter((each) => each.startsWith(value.toLowerCase()));
    return names
      .slice(0, MOST + 5)
      .map((each) => ({ text: `${minus}${each}:`, hint: HINTS[each] ?? `${COUNTED[each] ?? each}, as >0` }));
  }
  const key = name.toLowerCase();
  const sought = value.replaceAll('"', "").toLowerCase();
  const counted = new Map<string, number>();
  for (const each of VALUES[key] ?? []) counted.set(each, 0);
  for (const trace of traces)
    for (const each of KNOWN[key]?.(trace) ?? [])
      if (each !== null) counted.set(each, (counted.get(each) ?? 0) + 1);
  return [...counted]
    .filter(([each]) => each.toLowerCase().startsWith(sought) && each !== value)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, MOST)
    .map(([each, times]) => ({
      text: `${minus}${name}:${quoted(each)}`,
      hint: times === 0 ? "" : times.toString(),
    }));
}

function quoted(value: string): string {
  return /[ \t\n\r\f\xa0\u3000"\\]/.test(value) ? `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"` : value;
}
