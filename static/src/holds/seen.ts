/** What there is while a request is held, as rows of names and values: pure. */

import type { Json, Seen, Step, Trace } from "../api/types";
import { changesOf } from "../trace/changes";
import { written } from "../trace/text";

/** As redact/patterns.py writes it. */
const MASK = "••••••";

export interface SeenRow {
  readonly name: string;
  readonly value: string;
  /** What is said in place of a value, or beside it. */
  readonly says: string;
}

type Named = Seen["g"];

/** The names and values of a part. */
export function rowsOf(part: Named): readonly SeenRow[] {
  return Object.entries(part ?? {}).map(([name, value]) => row(name, textOf(value)));
}

function row(name: string, value: string): SeenRow {
  return { name, value, says: value.includes(MASK) ? "masked" : "" };
}

/** As Python writes it; an object has been described already. */
function textOf(value: Json): string {
  if (typeof value === "string" && (value === MASK || /^<.*>$/s.test(value))) return value;
  return written(value);
}

/** What matters of the request, in this order. */
export function requestRows(request: Named): readonly SeenRow[] {
  if (request === null) return [];
  const { endpoint = null, view_args: args = null, form, client, cookies, json } = request;
  return [
    row("endpoint", typeof endpoint === "string" ? endpoint : "none: no rule matched yet"),
    ...(args === null ? [] : [row("view_args", written(args))]),
    ...(pairs(form) === "" ? [] : [row("form", pairs(form))]),
    ...(json === undefined ? [] : [row("json", written(json))]),
    ...(typeof client === "string" && client !== "" ? [row("remote_addr", client)] : []),
    ...(pairs(cookies) === "" ? [] : [row("cookies", pairs(cookies))]),
  ];
}

/** Names with values, in one line. */
function pairs(list: Json | undefined): string {
  if (!Array.isArray(list)) return "";
  return list
    .map((pair: Json) => {
      const [name = "", value = ""] = Array.isArray(pair) ? pair : [];
      return `${String(name)}=${textOf(value)}`;
    })
    .join(", ");
}

export function responseRows(response: Named): readonly SeenRow[] {
  if (response === null) return [];
  const { status, headers } = response;
  const each = Array.isArray(headers) ? headers : [];
  return [
    row("status", String(status)),
    ...each.map((pair: Json) => {
      const [name = "", value = ""] = Array.isArray(pair) ? pair : [];
      return row(String(name), String(value));
    }),
  ];
}

/** What is said where a function gets no arguments, or has run. */
export function noArguments(stage: string, after: boolean): string {
  if (after) return "it has run";
  return stage === "before_request" ? "none: before_request functions get none" : "none";
}

/**
 * The names that this request has yet to set in `g` or the session, as an earlier one of its kind did.
 *
 * @param earlier the steps of that request.
 */
export function notYet(
  where: "g" | "session",
  part: Named,
  trace: Trace,
  held: Step | undefined,
  earlier: readonly Step[],
): readonly SeenRow[] {
  const has = new Set(Object.keys(part ?? {}));
  const ran = new Set(trace.steps.filter(({ id }) => id !== held?.id).map(({ callable }) => callable));
  const rows = new Map<string, SeenRow>();
  for (const step of earlier)
    for (const change of changesOf(step)) {
      const { name } = change;
      if (change.where !== where || change.value === undefined || has.has(name) || rows.has(name)) continue;
      const isThis = held !== undefined && step.callable !== null && step.callable === held.callable;
      if (!isThis && ran.has(step.callable)) continue;
      rows.set(name, { name, value: "", says: `not yet: ${isThis ? "this step" : step.name} sets it` });
    }
  return [...rows.values()];
}

/** Whether the request has changed the session so far. */
export function sessionSays(trace: Trace): string {
  const changed = trace.steps.some((step) => changesOf(step).some(({ where }) => where === "session"));
  return changed ? "changed" : "unchanged";
}
