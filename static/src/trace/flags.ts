/** The flags of a request from a file, as flask_lifecycle/summary/flags.py has them of the server's. */

import {
  FLAGS,
  FUNCTION_STAGES,
  REASONS,
  SLOW_REQUEST,
  type Flag,
  type Stage,
  type Step,
  type StepError,
  type Trace,
} from "../api/types";
import { heldFor, interventions } from "./holds";
import { groups } from "./statements";

const FUNCTIONS: ReadonlySet<Stage> = new Set(FUNCTION_STAGES);
/** Before an exception. */
const FIRST: ReadonlySet<string> = new Set(["held", "by_hand"]);
const WARNED: ReadonlySet<unknown> = new Set(["WARNING", "ERROR", "CRITICAL"]);
/** The text of Werkzeug's HTTP exceptions: they are responses. */
const HTTP = /^(?:[1-5][0-9]{2}|\?{3}) /;

/** The flags of a finished request, the most severe first. */
export function flags(trace: Trace, counts: Readonly<Record<string, number>>): readonly Flag[] {
  const error = errorOf(trace);
  const handled = trace.error === null && (trace.status ?? 0) < 500;
  const numbers = found(trace, counts);
  const named = Object.entries(FLAGS).flatMap(
    ([name, [kind, label]]): readonly (readonly [string, Flag])[] => {
      const number = numbers[name as keyof typeof FLAGS];
      const worded = (text: string): string => text.replace("{}", number.toString());
      return number > 0 ? [[name, [kind, worded(label), worded(REASONS[name as keyof typeof FLAGS])]]] : [];
    },
  );
  const flagsOf = (first: boolean): readonly Flag[] =>
    named.filter(([name]) => FIRST.has(name) === first).map(([, flag]) => flag);
  return [
    ...flagsOf(true),
    ...(error === null
      ? []
      : [
          [
            "error",
            error.type,
            `${error.type}: ${handled ? `The app answered it with ${trace.status}.` : error.message}`,
          ] as const,
        ]),
    ...flagsOf(false),
  ];
}

function found(
  trace: Trace,
  counts: Readonly<Record<string, number>>,
): Readonly<Record<keyof typeof FLAGS, number>> {
  const { steps } = trace;
  const lasted = trace.app_time ?? trace.duration ?? 0;
  const equal = groups(trace);
  const most = (repeated: boolean): number =>
    Math.max(0, ...equal.filter((each) => each.repeated === repeated).map((each) => each.steps.length));
  const failed = (stage: Stage): number =>
    steps.filter((step) => step.stage === stage && step.outcome === "raised").length;
  return {
    held: 0,
    by_hand: interventions(trace).length,
    repeats: most(true),
    same: most(false),
    failed: failed("sql"),
    calls: failed("span"),
    slow_sql: counts["slow"] ?? 0,
    logged: steps.filter(({ stage, detail }) => stage === "log" && WARNED.has(detail["level"])).length,
    slow: Number(lasted - heldFor(trace, lasted) > SLOW_REQUEST && !isStream(trace)),
    hung: 0,
  };
}

/** The exception that left the app or one of its functions; an HTTP exception only with a server error. */
function errorOf({ steps, error, status }: Trace): StepError | null {
  const isError = (step: Step): boolean =>
    FUNCTIONS.has(step.stage) &&
    step.error !== null &&
    ((status ?? 0) >= 500 || !HTTP.test(step.error.message));
  return error ?? steps.findLast(isError)?.error ?? null;
}

function isStream({ steps, status }: Trace): boolean {
  const { headers } = steps.find(({ stage }) => stage === "start_response")?.detail ?? {};
  const isEvents = (pair: unknown): boolean =>
    Array.isArray(pair) &&
    String(pair[0]).toLowerCase() === "content-type" &&
    String(pair[1]).startsWith("text/event-stream");
  return status === 101 || (Array.isArray(headers) && headers.some(isEvents));
}
