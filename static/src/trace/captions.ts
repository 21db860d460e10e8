/** The server's sentences for a step, with the step's own names marked: pure. */

import type { Stage, Step } from "../api/types";
import { IN_ONLY, type Cue } from "./cues";
import { unbroken } from "./text";

const OVERVIEW = "The layers open down the left side, and close up the right side in reverse order.";

export interface Part {
  readonly text: string;
  /** Whether it is a name, of Flask's or of the app's. */
  readonly isName: boolean;
}

/** What happened in a step, and why the next step followed. */
export function caption(step: Step): string {
  return (
    step.explain ?? `${step.stage} ${step.name} (this file was recorded by a version without descriptions).`
  );
}

/** No sentence of the server's is longer; in a file, a name may be of any length. */
const LONGEST = 240;
/** An attribute of g, or a key of the session, that a function changed. */
const ON_G = String.raw`g\.\w+|session\['\w+'\]`;
// Their names are words of the sentence.
const NAMELESS: ReadonlySet<Stage> = new Set<Stage>([
  "wsgi",
  "request_context",
  "session_open",
  "session_save",
  "body",
  "body_close",
  "flash",
]);

/** The sentence, split at the names of the step. */
export function parts(step: Step, sentence = caption(step)): readonly Part[] {
  const { stage, name, error, detail } = step;
  const names = [
    "None",
    NAMELESS.has(stage) ? "" : name,
    error?.type ?? "",
    typeof detail["for"] === "string" ? detail["for"] : "",
  ];
  const escaped = names
    .filter((each) => each !== "" && each.length <= LONGEST)
    .map((each) => each.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  const cut = sentence.split(
    new RegExp(String.raw`(?<![\w.])(${[`^${stage}`, ...escaped, ON_G].join("|")})(?!\w)`),
  );
  return cut
    .map((text, index) =>
      index % 2 === 1 ? { text, isName: true } : { text: unbroken(text), isName: false },
    )
    .filter(({ text }) => text !== "");
}

/** The sentence of a cue: what begins, going into a step, or what the step did; of the end, an overview. */
export function partsOf({ step, side }: Cue): readonly Part[] {
  if (step === null) return [{ text: OVERVIEW, isName: false }];
  // One that has no place on the way out says all on the way in, if it went well.
  const isBeginning = side === "in" && !(IN_ONLY.has(step.stage) && step.outcome === "ok");
  return parts(step, isBeginning ? (step.explain_begin ?? caption(step)) : caption(step));
}

const NAMES: Partial<Record<Stage, string>> = {
  wsgi: "the WSGI server",
  request_context: "the request object",
  app_context_push: "the app context",
  request_context_push: "the request context",
  session_open: "open session",
  url_match: "match URL",
  session_save: "save session",
  start_response: "start_response",
  make_response: "make_response",
  request_context_pop: "pop RequestContext",
  app_context_pop: "pop AppContext",
  body: "send body",
  body_close: "close body",
  dispatch: "dispatch",
  sql: "SQL",
  log: "a log record",
  flash: "a flashed message",
  warning: "a warning",
};
const RETURNING: Partial<Record<Stage, string>> = {
  wsgi: "back to the server",
  body: "the end of the body",
};

/** A short name for a cue. */
export function nameOf({ step, side }: Cue, cues: readonly Cue[]): string {
  if (step === null) return "the whole request";
  const { stage, name } = step;
  const isBack = side === "out" && cues.some((cue) => cue.step === step && cue.side === "in");
  if (isBack)
    return RETURNING[stage] ?? `${NAMES[stage] ?? name} ${stage === "template" ? "done" : "returns"}`;
  return NAMES[stage] ?? name;
}
