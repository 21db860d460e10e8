/** Read the document of a recording where there is no Python: the current version, or a sentence. */

import schemaText from "../../../flask_lifecycle/recording/schema.json?raw";
import type { AppMap, Recording, Step, Trace } from "../api/types";
import { faultIn, isObject, says, type Schema } from "./schema";

const SCHEMA = JSON.parse(schemaText) as Schema;
/** As in flask_lifecycle/recording/file.py. */
export const LARGEST = 100e6;
/** Half of a surrogate pair: no address can have it. */
const HALF = /\p{Surrogate}/u;
/** As in flask_lifecycle/recording/document.py. */
const DEEPEST = 1000;

/** The recording in a text; a text says what is wrong with it. */
export function readRecording(text: string): Recording | string {
  if (text.length > LARGEST) return "it is larger than 100 MB, the most that is read.";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `it is not JSON, or cut off: ${error instanceof Error ? error.message : ""}.`;
  }
  const wrong = wrongKind(value) ?? faultIn(value, SCHEMA);
  if (wrong !== null) return wrong;
  const recording = value as Recording;
  return faultOfApp(recording.app) ?? faultOfTraces(recording.traces) ?? recording;
}

function wrongKind(value: unknown): string | null {
  if (!isObject(value)) return "it is JSON, but not of a recording: it takes an object.";
  const { format, version, made } = value;
  if (Object.hasOwn(value, "log")) return "it is an HTTP archive (HAR); recordings have all of a request.";
  if (format !== "flask-lifecycle")
    return Object.hasOwn(value, "steps")
      ? "it is a request that a panel of version 0.1 saved: open it in the panel, and save it as a recording."
      : 'it is JSON, but not of a recording: it has no "format": "flask-lifecycle".';
  if (version === 1) return null;
  const by = isObject(made) && typeof made["by"] === "string" ? made["by"].slice(0, 60) : "a later version";
  return typeof version === "number" && version > 1
    ? `it has version ${version} of the format; this page reads version 1, and ${by} reads this one.`
    : "its version is wrong: it takes a whole number from 1 on.";
}

function faultOfTraces(traces: readonly Trace[]): string | null {
  for (const [index, trace] of traces.entries()) {
    const at = `traces[${index}]`;
    if (HALF.test(trace.id)) return says(`${at}.id`, trace.id, "text that is Unicode");
    const fault = faultOfSteps(trace.steps, at);
    if (fault !== null) return fault;
    const failed = trace.error?.step ?? null;
    if (failed !== null && failed >= trace.steps.length)
      return says(`${at}.error.step`, failed, "the id of a step");
  }
  return null;
}

function faultOfSteps(steps: readonly Step[], trace: string): string | null {
  const depths: number[] = [];
  for (const [index, { id, parent, begin, end }] of steps.entries()) {
    const at = `${trace}.steps[${index}]`;
    if (id !== index) return says(`${at}.id`, id, `${index}, its index`);
    if (parent !== null && parent >= index) return says(`${at}.parent`, parent, "the id of an earlier step");
    if (end !== null && end < begin) return says(`${at}.end`, end, "a time after its begin");
    depths.push(parent === null ? 0 : (depths[parent] ?? 0) + 1);
    if ((depths[index] ?? 0) > DEEPEST)
      return says(`${at}.parent`, parent, `a step at most ${DEEPEST} levels deep`);
  }
  return null;
}

/** The plans of rules have indexes of hooks. */
function faultOfApp(app: AppMap | null): string | null {
  if (app === null) return null;
  const plans = [app.unmatched, ...app.rules.map(({ plan }) => plan)];
  const wrong = plans.flatMap((plan) => Object.values(plan).flat()).find((at) => at >= app.hooks.length);
  return wrong === undefined ? null : says("app: a plan", wrong, "indexes of hooks");
}
