/** The app's own clock, which is stopped while the server sends the body. */

import type { Trace } from "../api/types";

export interface AppClock {
  /** The app's time, ns. */
  readonly total: number;
  /** How long the server has sent, ns. */
  readonly sent: number;
  /** The app's time at a moment of the request. */
  readonly at: (moment: number) => number;
  /** A moment of the request at this app time. */
  readonly moment: (shown: number) => number;
  /** The interval on the app's clock: while a body is sent, the app and the server take turns. */
  readonly place: (begin: number, end: number) => readonly [begin: number, end: number];
}

/**
 * The clock of a request; `elapsed` is when it ended, or now. As summary/summarize.py places the parts of a
 * strip.
 */
export function clockOf(
  { steps, app_time, duration }: Pick<Trace, "steps" | "app_time" | "duration">,
  elapsed: number,
): AppClock {
  const lasted = duration ?? elapsed;
  const [wsgi] = steps;
  const total = Math.min(lasted, app_time ?? lasted);
  if (wsgi?.stage !== "wsgi" || wsgi.end === null || app_time === null)
    return {
      total: lasted,
      sent: 0,
      at: (moment) => moment,
      moment: (shown) => shown,
      place: (begin, end) => [begin, end],
    };
  const returned = wsgi.end;
  const close = steps.findLast((step) => step.stage === "body_close");
  const [closing, closed] = [close?.begin ?? lasted, close?.end ?? lasted];
  const body = steps.findLast((step) => step.stage === "body" && step.parent === null);
  const [iterated, exhausted] = [body?.begin ?? closing, body?.end ?? closing];
  const done = Math.max(returned, total - (closed - closing));
  const points: readonly (readonly [moment: number, shown: number])[] = [
    [0, 0],
    [returned, returned],
    [iterated, returned],
    [exhausted, done],
    [closing, done],
    [lasted, Math.max(done, total)],
  ];
  const between = (value: number, from: 0 | 1, to: 0 | 1): number => {
    const next = points.findIndex((point) => point[from] >= value);
    const [low, high] = [points[Math.max(0, next - 1)], points[next]];
    if (low === undefined || high === undefined) return points.at(-1)?.[to] ?? 0;
    return low[to] + ((high[to] - low[to]) * (value - low[from])) / Math.max(1, high[from] - low[from]);
  };
  const at = (moment: number): number => between(moment, 0, 1);
  return {
    total,
    at,
    sent: lasted - total,
    moment: (shown) => (shown >= total ? lasted : between(shown, 1, 0)),
    place: (begin, end) => {
      if (begin < returned) return [begin, Math.min(end, returned)];
      const from = Math.round(at(begin));
      return [from, begin >= closing ? from + end - begin : Math.min(done, from + end - begin)];
    },
  };
}
