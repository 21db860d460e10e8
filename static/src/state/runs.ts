/** Runs of the app: a process and the requests that it answered. Pure. */

import type { Process, TraceSummary } from "../api/types";
import { merge } from "./ordered";
import type { Log } from "./state";

/** A process is known by when it began, too: in a container, each one has the same number. */
export type Run = Pick<Process, "pid" | "started_at">;
type Listed = Pick<Log, "traces" | "earlier" | "process">;

export function isSameRun(one: Run, other: Run): boolean {
  return one.pid === other.pid && one.started_at === other.started_at;
}

/**
 * All requests, newest first. Those of earlier runs stand below those of this one, even if the clock was set
 * back in between; other processes of the same server answer at the same time.
 */
export function listed({ traces, earlier, process }: Listed): readonly TraceSummary[] {
  if (earlier.length === 0) return traces;
  return process?.several === true ? merge(earlier, traces.toReversed()) : [...traces, ...earlier];
}

/** Whether a request was answered before the process began that the page is connected to. */
export function isEarlier({ process }: Pick<Log, "process">, trace: TraceSummary): boolean {
  if (process === null || isSameRun(process, trace.process)) return false;
  return !process.several || trace.started_at < process.started_at;
}

/** Whether the app was restarted between two requests that follow each other in the list. */
export function isRestart(
  { process }: Pick<Log, "process">,
  above: TraceSummary,
  below: TraceSummary,
): boolean {
  if (isSameRun(above.process, below.process)) return false;
  const isOwn = process !== null && isSameRun(process, above.process);
  return (isOwn && !process.several) || startOf(above.process) > below.started_at;
}

/** When a process began, Unix time. */
export function startOf({ started_at = 0 }: Run): number {
  return started_at;
}

/** The requests that a process has left behind: what still ran was cut off when it ended. */
export function leftBehind(log: Log, now: number): readonly TraceSummary[] {
  const end = log.lostAt ?? now;
  return log.traces.map((trace) =>
    trace.state === "done" ? trace : cutOff(trace, end - (log.seenAt.get(trace.id) ?? end)),
  );
}

interface CutOff extends TraceSummary {
  readonly cut: true;
}

/** Whether the process of a request ended while it ran. */
export function isCutOff(trace: TraceSummary | undefined): trace is CutOff {
  return trace !== undefined && "cut" in trace;
}

/** @param ms how long it went on since the server sent it. */
function cutOff(trace: TraceSummary, ms: number): CutOff {
  const more = Math.max(0, ms) * 1e6;
  const duration = trace.elapsed + more;
  const app_time = trace.app_time === null || trace.sending ? trace.app_time : trace.app_time + more;
  const still = { duration, elapsed: duration, app_time, sending: false, now: null };
  return { ...trace, ...still, state: "done", cut: true };
}
