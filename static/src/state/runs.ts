/** Runs of the app: a process and the requests that it answered. Pure. */

import type { TraceSummary } from "../api/types";
import { isSameRun, startOf, type Run } from "../trace/run";
import { interleave } from "./ordered";
import type { Log } from "./state";

type Listed = Pick<Log, "traces" | "earlier" | "process" | "history">;

/**
 * All requests, newest first. Without a history, those of earlier runs stand below those of this one, even
 * if the clock was set back in between; ids go on after those that a history has.
 */
export function listed({ traces, earlier, process, history }: Listed): readonly TraceSummary[] {
  if (earlier.length === 0) return traces;
  const isMerged = history !== null || process?.several === true;
  return isMerged ? interleave(traces, earlier) : [...traces, ...earlier];
}

/** A restart of an app: all its processes before it had ended when those after it began to answer. */
export interface Restart {
  /** The newest request before it. */
  readonly below: string;
  /** A process that began after it. */
  readonly run: Run;
}

/**
 * The restarts among all requests, newest first, of each app by itself. A worker that is replaced, a second
 * server that starts or stops, and another host are none: some process answers on both sides of them.
 */
export function restartsOf(
  all: readonly TraceSummary[],
  { process, others }: Pick<Log, "process" | "others">,
): readonly Restart[] {
  const apps = new Set(all.map((trace) => trace.process.app));
  const found = [...apps].flatMap((app) => {
    const own = process === null || isOfApp(process, app) ? process : null;
    return restartsIn(
      all.filter((trace) => trace.process.app === app),
      own,
      others.filter((run) => isOfApp(run, app)),
    );
  });
  return apps.size < 2 ? found : found.sort((a, b) => (a.below < b.below ? 1 : -1));
}

/** Whether a process has an app, as far as that is known. */
function isOfApp(run: Run, app: string | undefined): boolean {
  return (run.app ?? app) === app || app === undefined;
}

function restartsIn(
  all: readonly TraceSummary[],
  process: Log["process"],
  others: readonly Run[],
): readonly Restart[] {
  const alive = process === null ? others : [process, ...others];
  const oldest = new Map<string, number>();
  all.forEach((trace, index) => oldest.set(keyOf(trace.process), index));
  // The oldest request of any process that answers above.
  let reached = alive.reduce((most, run) => Math.max(most, oldest.get(keyOf(run)) ?? -1), -1);
  const found: Restart[] = [];
  all.forEach((below, index) => {
    const above = all[index - 1]?.process ?? process;
    if (above !== null && reached < index && hasBegunAfter(above, below, process))
      found.push({ below: below.id, run: above });
    reached = Math.max(reached, oldest.get(keyOf(below.process)) ?? index);
  });
  return found;
}

/** Whether a process began after a request; if there are no others, that of the page has, by any clock. */
function hasBegunAfter(above: Run, below: TraceSummary, own: Log["process"]): boolean {
  if (isSameRun(above, below.process)) return false;
  const isOwn = own !== null && !own.several && isSameRun(own, above);
  return isOwn || startOf(above) > below.started_at;
}

/** A process, as a key: its host is left out, as the page's own is not known. */
function keyOf({ pid, started_at }: Run): string {
  return `${pid} ${started_at ?? 0}`;
}

/** How many restarts there were after a request, of any app. */
export function restartsAfter(
  restarts: readonly Restart[],
  { process }: Pick<Log, "process">,
  trace: TraceSummary,
): number {
  if (process !== null && isSameRun(process, trace.process)) return 0;
  const at = restarts.findIndex(({ below }) => below < trace.id);
  return at < 0 ? restarts.length : at;
}

/** Whether a request's app was restarted after it. */
export function isEarlier(
  restarts: readonly Restart[],
  log: Pick<Log, "process">,
  trace: TraceSummary,
): boolean {
  const after = restartsAfter(restarts, log, trace);
  return restarts.some(({ run }, at) => at < after && isOfApp(run, trace.process.app));
}

/** The requests that a process has left behind: what still ran was cut off when it ended. */
export function leftBehind(log: Log, traces: readonly TraceSummary[], now: number): readonly TraceSummary[] {
  const end = log.lostAt ?? now;
  return traces.map((trace) =>
    trace.state === "done" ? trace : cutOff(trace, end - (log.seenAt.get(trace.id) ?? end)),
  );
}

interface CutOff extends TraceSummary {
  readonly cut_off: true;
}

/** Whether the process of a request ended while it ran. */
export function isCutOff(trace: TraceSummary | undefined): trace is CutOff {
  return trace?.cut_off === true;
}

/** @param ms how long it went on since the server sent it. */
function cutOff(trace: TraceSummary, ms: number): CutOff {
  const more = Math.max(0, ms) * 1e6;
  const duration = trace.elapsed + more;
  const app_time = trace.app_time === null || trace.sending ? trace.app_time : trace.app_time + more;
  const still = { duration, elapsed: duration, app_time, sending: false, now: null };
  return { ...trace, ...still, state: "done", cut_off: true };
}
