/** The server's sentence for a step, with the step's own names marked: pure. */

import type { Stage, Step } from "../api/types";

export const OVERVIEW =
  "Down the left the layers open, the view turns the request around, and up the right every layer" +
  " closes in reverse.";

export interface Part {
  readonly text: string;
  /** Whether it is a name, of Flask's or of the app's. */
  readonly isName: boolean;
}

/** What happened in a step, and why the next step followed. */
export function caption(step: Step): string {
  return (
    step.explain ?? `${step.stage} ${step.name} (the version that recorded this file made no sentences).`
  );
}

/** No sentence of the server's is longer; in a file, a name may be of any length. */
const LONGEST = 240;
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
export function parts(step: Step): readonly Part[] {
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
  const cut = caption(step).split(
    new RegExp(String.raw`(?<![\w.])(${[`^${stage}`, ...escaped].join("|")})(?!\w)`),
  );
  return cut.map((text, index) => ({ text, isName: index % 2 === 1 })).filter(({ text }) => text !== "");
}
