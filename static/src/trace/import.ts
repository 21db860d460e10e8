/**
 * Read a request from a JSON file, as the panel downloads it; an error names what is wrong, and where.
 */

import { summarize } from "./summary";
import { STAGES, type Highlight, type Step, type Trace, type TraceSummary } from "../api/types";

const LARGEST = 100e6;
/** A year, ns. */
const LONGEST = 366 * 86_400e9;

class Wrong extends Error {}

/** A request from a file. */
interface Found {
  readonly name: string;
  readonly trace: Trace;
  readonly summary: TraceSummary;
}

/** The requests in files, and the errors of those that cannot be shown. */
export async function readFiles(
  files: readonly File[],
): Promise<{ readonly found: readonly Found[]; readonly wrong: string }> {
  const found: Found[] = [];
  const wrong: string[] = [];
  for (const file of files) {
    const trace = await readFile(file);
    if (typeof trace === "string") wrong.push(`${file.name} cannot be shown: ${trace}`);
    else found.push({ name: file.name, trace, summary: summarize(trace) });
  }
  return { found, wrong: wrong.join(" ") };
}

/** Parse a request from a text, or return the error. */
export function readTrace(text: string): Trace | string {
  try {
    return trace(parsed(text));
  } catch (error) {
    if (error instanceof Wrong) return error.message;
    throw error;
  }
}

async function readFile(file: File): Promise<Trace | string> {
  if (file.size > LARGEST) return `it has ${Math.round(file.size / 1e6)} MB; at most 100 are read.`;
  return readTrace(await file.text());
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Wrong(`it is not JSON: ${error instanceof Error ? error.message : ""}`);
  }
}

type Check = (value: unknown, place: string) => void;

const is =
  (takes: string, test: (value: unknown) => boolean): Check =>
  (value, place) => {
    if (!test(value)) throw new Wrong(`${place} is ${quote(value)}; it takes ${takes}.`);
  };
const orNull = (takes: string, test: (value: unknown) => boolean): Check =>
  is(`${takes} or null`, (value) => value === null || test(value));
const isText = (value: unknown): value is string => typeof value === "string";
const isTime = (value: unknown): boolean => isCount(value) && (value as number) <= LONGEST;
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isError = (value: unknown): boolean =>
  isObject(value) && isText(value["type"]) && isText(value["message"]);
const one = (of: readonly unknown[]): Check =>
  is(`one of ${of.map((each) => JSON.stringify(each)).join(", ")}`, (value) => of.includes(value));

const HEADER: Record<Exclude<keyof Trace, "steps" | "highlights">, Check> = {
  id: is("a text", isText),
  state: one(["running", "done"]),
  method: is("a text", isText),
  path: is("a text", isText),
  query: is("a text", isText),
  url_rule: orNull("a text", isText),
  endpoint: orNull("a text", isText),
  blueprints: is("a list of texts", (value) => Array.isArray(value) && value.every(isText)),
  status: orNull("a whole number", isCount),
  started_at: is("a number of seconds", Number.isFinite),
  duration: orNull("a number of nanoseconds", isTime),
  app_time: orNull("a number of nanoseconds", isTime),
  process: is("an object", isObject),
  error: orNull("an object with type and message", isError),
  parent: orNull("a text", isText),
  dropped_steps: is("a whole number", isCount),
  // Files of older versions do not have it.
  server_error_by: one([undefined, null, "debugger", "server"]),
};

const STEP: Record<keyof Step, Check> = {
  id: is("a whole number", isCount),
  parent: orNull("the id of an earlier step", isCount),
  stage: is("a stage that this panel knows", (value) => (STAGES as readonly unknown[]).includes(value)),
  name: is("a text", isText),
  callable: orNull("a text", isText),
  source: orNull(
    "an object with file and line",
    (value) => isObject(value) && isText(value["file"]) && isCount(value["line"]),
  ),
  scope: orNull("a text", isText),
  begin: is("a number of nanoseconds", isTime),
  end: orNull("a number of nanoseconds", isTime),
  outcome: one([null, "ok", "short_circuit", "raised"]),
  error: orNull("an object with type and message", isError),
  detail: is("an object", isObject),
  // Files of older versions do not have it.
  package: is("a text or null", (value) => value === undefined || value === null || isText(value)),
  explain: is("a text", (value) => value === undefined || isText(value)),
  explain_begin: is("a text", (value) => value === undefined || isText(value)),
};

const HIGHLIGHTS: readonly Highlight["kind"][] = ["answer", "app", "sql", "slowest", "unexplained", "sent"];

function trace(value: unknown): Trace {
  if (isObject(value) && isObject(value["log"]))
    throw new Wrong("it is an HTTP archive; the panel reads what its own “JSON” downloads.");
  if (!isObject(value))
    throw new Wrong(`it holds ${quote(value)}, not one request as the panel downloads it.`);
  // Files of older versions do not have it.
  const complete = { app_time: null, ...value } as Record<string, unknown>;
  for (const [name, check] of Object.entries(HEADER)) check(complete[name], name);
  const steps = value["steps"];
  if (!Array.isArray(steps)) throw new Wrong(`steps is ${quote(steps)}; it takes a list.`);
  for (const [index, step] of steps.entries() as IterableIterator<[number, unknown]>) {
    const place = `steps[${index}]`;
    if (!isObject(step)) throw new Wrong(`${place} is ${quote(step)}; it takes an object.`);
    for (const [name, check] of Object.entries(STEP)) check(step[name], `${place}.${name}`);
    if (step["id"] !== index)
      throw new Wrong(`${place}.id is ${quote(step["id"])}; it takes ${index}, its place.`);
    const { parent, begin, end } = step as unknown as Step;
    if (parent !== null && parent >= index)
      throw new Wrong(`${place}.parent is ${parent}; it takes the id of an earlier step.`);
    if (end !== null && end < begin) throw new Wrong(`${place}.end is ${end}, before its begin.`);
  }
  const { highlights, ...rest } = complete;
  if (!Array.isArray(highlights)) return rest as unknown as Trace;
  const known = highlights.filter((each) => isHighlight(each, steps.length));
  return { ...rest, highlights: known } as unknown as Trace;
}

function isHighlight(value: unknown, steps: number): boolean {
  if (!isObject(value)) return false;
  const { kind, text, mark, step } = value;
  return (
    (HIGHLIGHTS as readonly unknown[]).includes(kind) &&
    isText(text) &&
    isText(mark) &&
    (step === null || (isCount(step) && (step as number) < steps))
  );
}

function quote(value: unknown): string {
  if (value === undefined) return "not there";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
