/** What a recording answers in place of the server's API: the code of its steps. */

import type { Excerpt, Recording, SourceLines, Stage, Step, Trace } from "../api/types";
import { placeOf } from "./details";

const SOURCE = /\/steps\/(\d+)\/source$/;

/** The id of the trace in the path of an API call; null if there is none. */
export function traceOf(path: string): string | null {
  const [, part] = /^api\/traces\/([^/]+)/.exec(path) ?? [];
  return part === undefined ? null : decodeURIComponent(part);
}

/** The answer to a call about a trace; null if the recording has none. */
export function answerOf<T>(path: string, trace: Trace, sources: readonly Excerpt[]): T | null {
  const [, index] = SOURCE.exec(path) ?? [];
  const step = index === undefined ? undefined : trace.steps[Number(index)];
  return step === undefined ? null : (codeIn(step, sources) as T | null);
}

/** The part of a recording that is of some requests. */
export function partOf(recording: Recording, ids: ReadonlySet<string>): Recording {
  const traces = recording.traces.filter(({ id }) => ids.has(id));
  const steps = traces.flatMap((trace) => trace.steps);
  const shown = new Set(steps.map((step) => excerptOf(step, recording.sources)));
  return { ...recording, traces, sources: recording.sources.filter((each) => shown.has(each)) };
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
