/** An exception: what it says, where it was raised, and what becomes of it outside the app's own code. */

import type { Json, Stage, Step } from "../../api/types";
import { clientStatus } from "../../trace/status";
import { ellipsize } from "../../trace/text";
import { makeChip, type Draft } from "./chips";
import { isRedirect, type Facts } from "./facts";
import { handNote } from "./held";
import type { Band, Chip, Fault, Unasked } from "./types";

const LONGEST_VALUE = 24;

type Told = Readonly<Record<string, Json>>;

const SERVER_ERROR: ReadonlySet<string> = new Set(["500", "InternalServerError", "Exception"]);

export function faultOf({ error, detail }: Step): Fault | null {
  if (error === null) return null;
  const told = isTold(detail["exception"]) ? detail["exception"] : {};
  const frames = listOf(told["frames"]);
  const frame = frames.findLast((each) => each["own"] === true) ?? frames.at(-1);
  return {
    type: error.type,
    message: typeof told["message"] === "string" ? told["message"] : error.message,
    place: frame === undefined ? "" : `${shortPath(String(frame["file"]))}:${String(frame["line"])}`,
    function: frame === undefined ? "" : String(frame["function"]),
  };
}

/** The file and the folder it is in. */
function shortPath(file: string): string {
  return file.split(/[/\\]/).slice(-2).join("/");
}

/** The handler from which one would have expected an answer, and why it was not asked. */
export function unaskedOf({ trace, known, scopes, moment }: Facts): Unasked | null {
  const fault = trace.steps.find((step) => step.detail["exception"] !== undefined);
  if (known.handlers.length > 0 || fault === undefined) return null;
  const told = fault.detail["exception"];
  const handlers = isTold(told) ? listOf(told["handlers"]) : [];
  const passed = handlers.filter((each) => each["taken"] !== true && each["why"] !== "");
  const near = passed.filter((each) => scopes.includes(String(each["scope"])));
  const handler = near.find((each) => SERVER_ERROR.has(String(each["for"]))) ?? near[0] ?? passed[0];
  if (handler === undefined) return null;
  return {
    kind: `errorhandler(${String(handler["for"])})`,
    name: String(handler["callable"]).split(/[:.]/).at(-1) ?? "",
    why: `did not run: ${inShort(String(handler["why"]))}`,
    seen: moment.ended(fault),
  };
}

/** A reason beside the handler that it is about. */
function inShort(why: string): string {
  return why.replace(/, so no handler .*$/, "").replace(" the exception, as", ", as");
}

/** Werkzeug's debugger, if it answered: around the app, and outside of it. */
export function debuggerBand(draft: Draft): readonly Band[] {
  const { known, moment } = draft.facts;
  const { wsgi } = known;
  if (wsgi === null || draft.facts.trace.server_error_by !== "debugger") return [];
  const answered = moment.ended(wsgi);
  const chip = (key: string, kind: string, name: string): Chip =>
    makeChip(draft, null, { key, stage: "wsgi", kind, name });
  const call = chip("debugger:call", "call", "DebuggedApplication");
  const answer = chip("debugger:answers", "answers", "500, traceback page");
  return [
    {
      key: "debugger",
      label: "Werkzeug debugger",
      sub: "outside the app",
      hue: 0,
      left: [
        { ...call, state: moment.begun(wsgi) ? "done" : "pending", when: wsgi.begin, order: wsgi.id + 0.5 },
      ],
      right: [{ ...answer, ...(answered ? endOf(draft, wsgi, 0.5) : {}) }],
    },
  ];
}

/** What the server sends of an exception that left the app; null if that is the app's own response. */
export function serverAnswer(draft: Draft): Partial<Chip> | null {
  const { trace, known, moment } = draft.facts;
  const { wsgi, body } = known;
  if (trace.error === null || wsgi === null || wsgi.outcome !== "raised" || body !== null) return null;
  if (!moment.ended(wsgi)) return null;
  const end = endOf(draft, wsgi, 0.7);
  if (trace.server_error_by === "debugger") return { ...end, name: "traceback page" };
  if (trace.server_error_by === "server" || (trace.status === null && clientStatus(trace) === 500))
    return { ...end, kind: "answers", name: "500, by the server" };
  const note = trace.status === null ? "nothing is answered" : "after the status was sent";
  return { ...end, kind: "gets", name: trace.error.type, state: "raised", note, noteTone: "err" };
}

/** At the end of the app's call, after all that ran in it. */
function endOf({ facts }: Draft, wsgi: Step, after: number): Pick<Chip, "state" | "when" | "order"> {
  return { state: "done", when: wsgi.end ?? Infinity, order: facts.trace.steps.length + after };
}

function isTold(value: Json | undefined): value is Told {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: Json | undefined): readonly Told[] {
  return Array.isArray(value) ? value.filter(isTold) : [];
}

/** What only encloses others passes on their exception; the match's own waits, and the view's has a box. */
const SAYS_NOTHING: ReadonlySet<Stage> = new Set<Stage>([
  "wsgi",
  "middleware",
  "url_match",
  "dispatch",
  "view",
  "request_context_push",
  "app_context_push",
  "request_context_pop",
  "app_context_pop",
]);
const TEARDOWN: ReadonlySet<Stage> = new Set<Stage>(["teardown_request", "teardown_appcontext"]);

/** What a chip says of what was raised or returned in it, or passed to it. */
export function outcomeNotes(facts: Facts): (chip: Chip) => Chip {
  const { trace, known, moment } = facts;
  const reported = trace.steps.some(
    ({ stage, name }) => stage === "signal" && name === "got_request_exception",
  );
  const passed = reported || known.wsgi?.outcome === "raised";
  return (chip) => {
    const { step, stage, note, hold } = chip;
    if (step === null || (note !== "" && hold === null) || !moment.begun(step)) return chip;
    if (stage === "url_match") return { ...chip, ...waits(facts) };
    if (chip.state === "short_circuit")
      return { ...chip, note: joined(skips(step), handNote(facts, step)), noteTone: "short" };
    if (chip.state === "raised" && !SAYS_NOTHING.has(stage))
      return { ...chip, note: joined(inOneLine(step), handNote(facts, step)), noteTone: "err" };
    const isTold = passed && TEARDOWN.has(stage) && hold === null;
    return isTold ? { ...chip, note: "with the exception", noteTone: "plain" } : chip;
  };
}

function joined(...notes: readonly string[]): string {
  return notes.filter(Boolean).join(", ");
}

function inOneLine(step: Step): string {
  const { type = "", message = "" } = faultOf(step) ?? {};
  const said = message.trim() === "" ? type : `${type}: ${message.trim()}`;
  return said.replace(/\s+/g, " ");
}

/** Of a match that failed: Flask raises its exception when it dispatches. */
function waits({ known: { failedMatch }, moment }: Facts): Partial<Chip> {
  if (!moment.begun(failedMatch)) return {};
  const noteTone = isRedirect(failedMatch) ? "short" : "err";
  return { note: `${waitingOf(failedMatch)} waits until dispatch`, noteTone };
}

/** What the URL match leaves for dispatch to raise. */
export function waitingOf(match: Step): string {
  return isRedirect(match) ? "The redirect" : (match.error?.type ?? "The exception");
}

/** Of a before-hook that returned a response, or of a dispatch that redirects. */
function skips(step: Step): string {
  if (isRedirect(step)) return "no error handler is asked";
  const { returned } = step.detail;
  const value =
    typeof returned === "string"
      ? ellipsize(returned.replace(/^Response /, ""), LONGEST_VALUE)
      : "a response";
  return `returned ${value}: view skipped`;
}
