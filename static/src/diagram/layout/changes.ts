/** The changes that a function of the app made to g, the session or the response. */

import type { Json } from "../../api/types";
import { ellipsize } from "../../trace/text";

const NAMES_SHOWN = 4;
/** What a count of nothing but headers says. */
export const HEADERS = "headers";

/** The changes of a function, in texts of decreasing length. */
export function changeTexts(changes: Json | undefined): readonly string[] {
  const all = changedNames(changes);
  const textOf = (shown: number): string =>
    `± ${all
      .slice(0, shown)
      .map((name) => ellipsize(name, 24))
      .join(", ")}${all.length > shown ? ` +${all.length - shown}` : ""}`;
  const counts = Array.from(
    { length: Math.min(NAMES_SHOWN, all.length) },
    (_, index) => Math.min(NAMES_SHOWN, all.length) - index,
  );
  const kind = kindOf(changes, all.length);
  const counted = kind === null ? [] : [`± ${all.length} ${kind}`];
  return all.length === 0 ? [] : [...counts.map(textOf), ...counted, `± ${all.length}`];
}

/** What they are if all of several are the same. */
function kindOf(changes: Json | undefined, count: number): string | null {
  const response = isObject(changes) ? changes["response"] : undefined;
  const headers = isObject(response) ? namesOf(response["headers"]).length : 0;
  return headers === count && count > 1 ? HEADERS : null;
}

/** The names of everything that a step changed. */
export function changedNames(changes: Json | undefined): readonly string[] {
  if (!isObject(changes)) return [];
  const { g, session, response } = changes;
  const of = isObject(response) ? response : {};
  return [
    ...namesOf(g).map((name) => `g.${name}`),
    ...namesOf(session).map((name) => `session.${name}`),
    ...(of["status"] === undefined ? [] : ["status"]),
    ...namesOf(of["headers"]),
    ...namesOf(of["cookies"]).map((name) => `cookie ${name}`),
  ];
}

function namesOf(part: Json | undefined): string[] {
  if (!isObject(part)) return [];
  return Object.values(part).flatMap((each) =>
    Array.isArray(each) ? each.map(String) : isObject(each) ? Object.keys(each) : [],
  );
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
