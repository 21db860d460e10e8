/** Sentences on a held request: pure. */

import type { Hold, Step, Trace } from "../api/types";
import { spokenName } from "../trace/breakpoints";
import { whenOf } from "../trace/holds";
import { ellipsize } from "../trace/text";

/** Of a statement, its beginning and its end. */
const LONGEST_NAME = 34;

/** "before load_user", "after show"; of a step that is still on its way here, less. */
export function whereOf(trace: Pick<Trace, "steps">, hold: Hold): string {
  const step: Step | undefined = trace.steps[hold.step];
  return step === undefined
    ? `at step ${hold.step + 1}`
    : `${whenOf(hold, step)} ${ellipsize(spokenName(step), LONGEST_NAME)}`;
}

/** "goes on by itself in 117 s" */
export function untilText(left: number): string {
  return `goes on by itself in ${Math.ceil(left / 1e9)} s`;
}

/** The last seconds are said in ink. */
export const SOON = 10e9;

const FUNCTIONS: Readonly<Record<string, string>> = {
  before_request: "the view is skipped, the after-hooks run.",
  view: "Flask makes a response of it, the after-hooks run.",
  error_handler: "Flask makes a response of it, the after-hooks run.",
  after_request: "the response before it is dropped.",
  after_this_request: "the response before it is dropped.",
};

/** What follows when a function answers. */
export function answerMeans({ stage, name }: { readonly stage: string; readonly name: string }): string {
  return `As if ${name}() had returned this: ${FUNCTIONS[stage] ?? "Flask does with it what it does."}`;
}
