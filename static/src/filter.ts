/** The list's filter: `status:5xx method:POST bp:admin path:/x time:>50 is:running has:error -path:/static`, and free words. */

import type { TraceSummary } from "./types";

export interface Filter {
  readonly matches: (trace: TraceSummary) => boolean;
  /** What could not be understood, each with what is expected. */
  readonly errors: readonly string[];
}

type Test = (trace: TraceSummary) => boolean;

const IS: Record<string, Test> = {
  running: (trace) => trace.state === "running",
  done: (trace) => trace.state === "done",
  inner: (trace) => trace.parent !== null,
};

const HAS: Record<string, Test> = {
  error: (trace) => trace.error !== null || (trace.status ?? 0) >= 500,
  sql: (trace) => trace.strip.some(([kind]) => kind === "sql"),
  template: (trace) => trace.strip.some(([kind]) => kind === "template"),
  blueprint: (trace) => trace.blueprints.length > 0,
};

/** For each key: a test of a value, or a text that says what is expected. */
const KEYS: Record<string, (value: string) => Test | string> = {
  status: (value) => {
    const digits = /^([1-5])(xx|\d\d)$/i.exec(value);
    if (digits === null) return compare(value, (trace) => trace.status, "a status such as 404, 5xx or >399");
    const [, first = "", rest = ""] = digits;
    return (trace) => trace.status !== null && trace.status.toString().startsWith(rest.toLowerCase() === "xx" ? first : value);
  },
  method: (value) => (trace) => trace.method.toLowerCase() === value.toLowerCase(),
  bp: (value) => (trace) => trace.blueprints.some((name) => name === value || name.startsWith(`${value}.`) || name.endsWith(`.${value}`)),
  path: (value) => (trace) => trace.path.startsWith(value),
  endpoint: (value) => (trace) => trace.endpoint === value,
  time: (value) => compare(value, (trace) => (trace.duration ?? trace.elapsed) / 1e6, "a number of ms"),
  is: (value) => IS[value] ?? one(IS),
  has: (value) => HAS[value] ?? one(HAS),
};

export function parse(text: string): Filter {
  const tests: Test[] = [];
  const errors: string[] = [];
  for (const word of text.trim().split(/\s+/).filter(Boolean)) {
    const negated = word.length > 1 && word.startsWith("-");
    const made = term(negated ? word.slice(1) : word);
    if (typeof made === "string") errors.push(`${word}: ${made}`);
    else tests.push(negated ? (trace) => !made(trace) : made);
  }
  return { matches: (trace) => tests.every((test) => test(trace)), errors };
}

function term(word: string): Test | string {
  const [, key = "", value = ""] = /^([a-z]+):(.*)$/s.exec(word) ?? [];
  if (key === "") {
    const sought = word.toLowerCase();
    return (trace) => `${trace.method} ${trace.path} ${(trace.status ?? "").toString()} ${trace.endpoint ?? ""}`.toLowerCase().includes(sought);
  }
  const make = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
  if (make === undefined) return `one of ${Object.keys(KEYS).map((each) => `${each}:`).join(" ")} is expected`;
  const made = make(value);
  return typeof made === "string" ? `${made} is expected` : made;
}

function compare(value: string, of: (trace: TraceSummary) => number | null, expected: string): Test | string {
  const [, sign = "", digits = ""] = /^([<>]?)(\d+(?:\.\d+)?)$/.exec(value) ?? [];
  if (digits === "") return expected;
  const limit = Number(digits);
  return (trace) => {
    const found = of(trace);
    if (found === null) return false;
    return sign === "<" ? found < limit : found > limit || (sign === "" && found === limit);
  };
}

function one(of: Record<string, Test>): string {
  return `one of ${Object.keys(of).join(", ")}`;
}
