/** Whose code explains a step: pure. */

import type { Source, Stage, Step } from "../api/types";
import { placeOf, ranIn } from "./details";
import { isCalledByFlask } from "./manual";

/** Of its own: its function or template, or what is around the line that caused it. */
interface Own {
  readonly whose: "own";
  readonly step: Step;
  readonly source: Source;
}

/** Of the function in which it ran, where its line is not known. */
interface Host {
  readonly whose: "host";
  readonly step: Step;
  readonly source: Source;
}

/** Of Flask's function that called it. */
interface Caller {
  readonly whose: "caller";
  readonly step: Step;
}

export type Code = Own | Host | Caller;

/** What the app's own functions cause. */
const CAUSED: ReadonlySet<Stage> = new Set(["sql", "span", "log", "warning", "flash", "template"]);

/** The code to show for a step, the best first; none for what only the server does. */
export function codeOf(step: Step, steps: readonly Step[]): readonly Code[] {
  const source = step.source ?? placeOf(step.detail["place"]);
  const host = hostOf(step, steps);
  const found: Code[] = [];
  if (source !== null) found.push({ whose: "own", step, source });
  else if (host?.source != null) found.push({ whose: "host", step: host, source: host.source });
  if (isCalledByFlask(step)) found.push({ whose: "caller", step });
  return found;
}

function hostOf(step: Step, steps: readonly Step[]): Step | null {
  if (CAUSED.has(step.stage)) return ranIn(step, steps);
  const streams = step.stage === "body" && step.detail["streamed"] === true;
  return (streams ? steps.find(({ stage }) => stage === "view") : undefined) ?? null;
}
