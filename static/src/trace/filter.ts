/**
 * The list's filter: `status:5xx method:POST bp:admin path:/x time:>50 sql:>20 is:running has:error
 * process:1234 host:web-2 app:shop -path:/static`,
 * and free words; values with spaces are in double quotes. `GET api/traces?q=` takes the same
 * (flask_lifecycle/summary/filter.py): tests/summary/filters.json holds both to it.
 */

import { isFile } from "./files";
import { clientStatus } from "./status";
import { COUNTS, type TraceSummary } from "../api/types";

/** The prefix of ids of requests from files; no id of the server has it. */
export const IMPORTED = "imported-";

export interface Filter {
  readonly matches: (trace: TraceSummary) => boolean;
  /** The invalid terms, each with the syntax that is expected. */
  readonly errors: readonly string[];
}

type Test = (trace: TraceSummary) => boolean;
/** A test of a value, or a text that describes what is expected. */
type Make = (value: string) => Test | string;

// Spaces are listed one by one: Python and browsers disagree on \s.
const WORD = /(?:"(?:\\.|[^"\\])*"?|[^ \t\n\r\f\xa0\u3000"])+/gs;

const byCount = <Value>(make: (name: string, what: string) => Value): Record<string, Value> =>
  Object.fromEntries(Object.entries(COUNTS).map(([name, what]) => [name, make(name, what)]));

const IS: Record<string, Test> = {
  running: (trace) => trace.state === "running",
  done: (trace) => trace.state === "done",
  inner: (trace) => trace.parent !== null,
  static: isFile,
  flagged: (trace) => trace.flags.length > 0,
  imported: (trace) => trace.id.startsWith(IMPORTED),
};

const HAS: Record<string, Test> = {
  error: (trace) => trace.error !== null || (trace.status ?? 0) >= 500,
  blueprint: (trace) => trace.blueprints.length > 0,
  ...byCount((name) => (trace: TraceSummary) => Object.hasOwn(trace.counts, name)),
};

/** The table of names. */
const NAMES: Record<string, Make> = {
  status: (value) => {
    if (!/^[1-5](?:xx|[0-9][0-9])$/i.test(value))
      return number("a status such as 404, 5xx or >399", clientStatus)(value);
    const start = value.toLowerCase().endsWith("xx") ? value.charAt(0) : value;
    return (trace) => (clientStatus(trace) ?? "").toString().startsWith(start);
  },
  method: (value) => (trace) => trace.method.toLowerCase() === value.toLowerCase(),
  bp: (value) => (trace) => trace.blueprints.some((name) => `.${name}.`.includes(`.${value}.`)),
  path: (value) => (trace) => trace.path.startsWith(value),
  endpoint: (value) => (trace) => trace.endpoint === value,
  process: (value) => (trace) => trace.process.pid.toString() === value,
  host: (value) => (trace) => trace.process.host.toLowerCase() === value.toLowerCase(),
  app: (value) => (trace) => trace.process.app?.toLowerCase() === value.toLowerCase(),
  time: number("a number of ms", (trace) => (trace.app_time ?? trace.duration ?? trace.elapsed) / 1e6),
  is: oneOf(IS),
  has: oneOf(HAS),
  ...byCount((name, what) => number(`a number of ${what}`, count(name))),
  log: (value) =>
    value.toLowerCase() === "error"
      ? (trace) => count("errors")(trace) > 0
      : number("a number of log records, or error,", count("log"))(value),
  g: (value) => (trace) => trace.changed["g"]?.includes(value) ?? false,
  session: (value) => (trace) => trace.changed["session"]?.includes(value) ?? false,
};

/** The terms of a filter, as written. */
export function words(text: string): readonly string[] {
  return text.match(WORD) ?? [];
}

/** The complete terms of a filter, and the one that is still being typed. */
export function draftOf(text: string): { readonly chips: readonly string[]; readonly draft: string } {
  const all = words(text);
  const last = all.at(-1) ?? "";
  return last !== "" && text.endsWith(last)
    ? { chips: all.slice(0, -1), draft: last }
    : { chips: all, draft: "" };
}

/** The same filter with all terms complete. */
export function whole(text: string): string {
  const { draft } = draftOf(text);
  // An open quote would include all that follows.
  const open = draft.replace(/"(?:\\.|[^"\\])*"/gs, "").includes('"');
  return draft === "" ? text : `${open ? `${text.replace(/\\+$/, "")}"` : text} `;
}

export function parse(text: string): Filter {
  const results = words(text).map(term);
  const tests = results.filter((each) => typeof each === "function");
  return {
    matches: (trace) => tests.every((test) => test(trace)),
    errors: results.filter((each) => typeof each === "string"),
  };
}

/** The test of one term, or what is expected instead. */
export function term(word: string): Test | string {
  const negated = word.startsWith("-") && word.length > 1;
  const [, name = "", written = ""] = /^(?:([A-Za-z]+):)?(.*)$/s.exec(negated ? word.slice(1) : word) ?? [];
  const value = written.replace(/"((?:\\.|[^"\\])*)"?/gs, (_, inside: string) =>
    inside.replace(/\\(.)/gs, "$1"),
  );
  const make =
    name === "" ? free : Object.hasOwn(NAMES, name.toLowerCase()) ? NAMES[name.toLowerCase()] : undefined;
  if (make === undefined)
    return expected(
      word,
      `one of ${Object.keys(NAMES)
        .map((each) => `${each}:`)
        .join(" ")}`,
    );
  // Without a value yet, it matches everything.
  if (value === "") return () => true;
  const test = make(value);
  if (typeof test === "string") return expected(word, test);
  return negated ? (trace) => !test(trace) : test;
}

const expected = (word: string, what: string): string =>
  `${[...word].slice(0, 100).join("")}: ${what} is expected`;

function free(value: string): Test {
  const sought = value.toLowerCase();
  return (trace) =>
    `${trace.method} ${trace.path} ${clientStatus(trace) ?? ""} ${trace.endpoint ?? ""}`
      .toLowerCase()
      .includes(sought);
}

function count(name: string): (trace: TraceSummary) => number {
  return (trace) => trace.counts[name] ?? 0;
}

/** Build the test of a number: `>50`, `<=50`, or `50` for at least that. */
function number(what: string, of: (trace: TraceSummary) => number | null): Make {
  return (value) => {
    const [, sign = "", digits = ""] = /^((?:[<>]=?)?)([0-9]+(?:\.[0-9]+)?)$/.exec(value) ?? [];
    if (digits === "") return what;
    const limit = Number(digits);
    return (trace) => {
      const actual = of(trace);
      if (actual === null) return false;
      return sign.startsWith("<")
        ? actual < limit || (sign === "<=" && actual === limit)
        : actual > limit || (sign !== ">" && actual === limit);
    };
  };
}

function oneOf(tests: Record<string, Test>): Make {
  return (value) =>
    Object.hasOwn(tests, value.toLowerCase())
      ? (tests[value.toLowerCase()] ?? "")
      : `one of ${Object.keys(tests).join(", ")}`;
}

/** The possible values of a name, if they are known. */
export const VALUES: Readonly<Record<string, readonly string[]>> = {
  is: Object.keys(IS),
  has: Object.keys(HAS),
};
export const ALL_NAMES: readonly string[] = Object.keys(NAMES);
