/** What a recording answers in place of the server's API: what is in it, or was prepared for its views. */

import type {
  Comparison,
  Excerpt,
  Prepared,
  Profile,
  Recording,
  SourceLines,
  Stage,
  Step,
  Trace,
} from "../api/types";
import { placeOf } from "./details";

const OF_STEP = /\/steps\/(\d+)\/(\w+)$/;

/** The id of the trace in the path of an API call; null if there is none. */
export function traceOf(path: string): string | null {
  const [, part] = /^api\/traces\/([^/]+)/.exec(path) ?? [];
  return part === undefined ? null : decodeURIComponent(part);
}

/** The answer to any call; null if the recording has none. */
export function answerIn<T>(path: string, recording: Recording): T | null {
  const [call, query] = path.split("?");
  const given = new URLSearchParams(query);
  if (call === "api/compare")
    return (comparisonIn(recording, given.getAll("a"), given.getAll("b")) as T) ?? null;
  if (call === "api/compare/last") return { id: lastLike(recording, given.get("like")) } as T;
  const trace = recording.traces.find(({ id }) => id === traceOf(path));
  return trace === undefined ? null : answerOf<T>(path, trace, recording);
}

/** The answer to a call about a trace; null if the recording has none. */
export function answerOf<T>(path: string, trace: Trace, recording: Recording): T | null {
  if (path.endsWith("/profile")) return (profileIn(trace) as T) ?? null;
  const [, index, what] = OF_STEP.exec(path) ?? [];
  if (index === undefined) return path.split("/").length === 3 ? (trace as T) : null;
  const step = trace.steps[Number(index)];
  return step === undefined ? null : ((stepAnswer(step, what, recording) ?? null) as T | null);
}

/** Whether any of some requests was profiled. */
export function hasProfile(traces: readonly Trace[]): boolean {
  return traces.some((trace) => profileIn(trace) !== null);
}

function profileIn({ steps }: Trace): Profile | null {
  const profile = steps[0]?.detail["profile"] ?? null;
  return profile === null ? null : { available: false, waiting: false, profile };
}

function stepAnswer(step: Step, what: string | undefined, { sources, prepared }: Recording): unknown {
  const at = (kind: string): number => step.prepared?.[kind] ?? -1;
  if (what === "source") return codeIn(step, sources);
  if (what === "statement") return prepared?.statements[at("statement")];
  if (what === "frames") return prepared?.frames[at("frames")];
  const call = what === "caller" ? prepared?.callers[at("caller")] : undefined;
  const code = prepared?.functions[call?.function ?? -1];
  return code === undefined || call === undefined ? null : { ...code, at: call.at };
}

function comparisonsOf({ prepared }: Recording): readonly Comparison[] {
  return (prepared?.comparisons ?? []) as unknown as readonly Comparison[];
}

/** Of two requests, or of all runs of each; their order is that in which they were prepared. */
export function comparisonIn(
  recording: Recording,
  a: readonly string[],
  b: readonly string[],
): Comparison | undefined {
  return comparisonsOf(recording).find(
    ({ runs }) => a.every((id) => runs.a.includes(id)) && b.every((id) => runs.b.includes(id)),
  );
}

/** The first that is prepared for a request is that with the last one like it. */
function lastLike(recording: Recording, like: string | null): string | null {
  return comparisonsOf(recording).find(({ b }) => b === like)?.a ?? null;
}

/** The requests with which one can be compared, which stands on a side. */
export function comparable(recording: Recording, side: "a" | "b", id: string): ReadonlySet<string> {
  const other = side === "a" ? "b" : "a";
  return new Set(comparisonsOf(recording).flatMap((each) => (each[side] === id ? [each[other]] : [])));
}

/** The part of a recording that is of some requests: nothing of others is in it. */
export function partOf(recording: Recording, ids: ReadonlySet<string>): Recording {
  const traces = recording.traces.filter(({ id }) => ids.has(id));
  const steps = traces.flatMap((trace) => trace.steps);
  const shown = new Set(steps.map((step) => excerptOf(step, recording.sources)));
  const part = { ...recording, traces, sources: recording.sources.filter((each) => shown.has(each)) };
  return recording.prepared === undefined ? part : { ...part, ...preparedFor(recording.prepared, traces) };
}

function preparedFor(prepared: Prepared, traces: readonly Trace[]): Pick<Recording, "traces" | "prepared"> {
  const steps = traces.flatMap((trace) => trace.steps);
  const ids = new Set(traces.map(({ id }) => id));
  const numbers = {
    statement: renumbered(steps, "statement"),
    frames: renumbered(steps, "frames"),
    caller: renumbered(steps, "caller"),
  };
  const again = (step: Step): Step =>
    step.prepared === undefined ? step : { ...step, prepared: renamed(step.prepared, numbers) };
  return {
    traces: traces.map((trace) => ({ ...trace, steps: trace.steps.map(again) })),
    prepared: {
      statements: pick(prepared.statements, numbers.statement),
      frames: pick(prepared.frames, numbers.frames),
      callers: pick(prepared.callers, numbers.caller),
      functions: prepared.functions,
      comparisons: prepared.comparisons.filter((each) => {
        const { runs } = each as unknown as Comparison;
        return [...runs.a, ...runs.b].every((id) => ids.has(id));
      }),
    },
  };
}

/** The indexes that steps have of a kind, and what they become where only these are left. */
function renumbered(steps: readonly Step[], kind: string): ReadonlyMap<number, number> {
  const used = steps.flatMap(({ prepared }) => (prepared?.[kind] === undefined ? [] : [prepared[kind]]));
  return new Map([...new Set(used)].map((number, index) => [number, index]));
}

function pick<T>(all: readonly T[], numbers: ReadonlyMap<number, number>): readonly T[] {
  return [...numbers.keys()].flatMap((number) => all.slice(number, number + 1));
}

function renamed(
  prepared: Readonly<Record<string, number>>,
  numbers: Readonly<Record<string, ReadonlyMap<number, number>>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(prepared).map(([kind, number]) => [kind, numbers[kind]?.get(number) ?? -1]),
  );
}

function codeIn(step: Step, sources: readonly Excerpt[]): SourceLines | null {
  const excerpt = excerptOf(step, sources);
  const at = lineOf(step);
  return excerpt === null || at === null ? excerpt : { ...excerpt, at };
}

/** What these record happened at a line, which is their source location. */
const AT_A_LINE: ReadonlySet<Stage> = new Set(["log", "warning"]);

/** The line that caused a step; null if it is known by its function alone. */
function lineOf(step: Step): number | null {
  const caused = placeOf(step.detail["place"]);
  return caused?.line ?? (AT_A_LINE.has(step.stage) ? (step.source?.line ?? null) : null);
}

/** The function of a step, or what is around the line that caused it: as of_step.py has it. */
function excerptOf(step: Step, sources: readonly Excerpt[]): Excerpt | null {
  const at = placeOf(step.detail["place"]) ?? step.source;
  if (at === null) return null;
  const around = sources.filter(
    ({ file, line, lines }) => file === at.file && at.line >= line && at.line < line + lines.length,
  );
  if (lineOf(step) === null) return around.find(({ line }) => line === at.line) ?? null;
  // The innermost begins last.
  return around.reduce<Excerpt | null>((best, each) => (each.line > (best?.line ?? 0) ? each : best), null);
}
