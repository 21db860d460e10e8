/** The changes that a function of the app made to g, the session or the response. */

import type { Json } from "../../api/types";
import { ellipsize } from "../../trace/text";

const NAMES_SHOWN = 4;

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
  return all.length === 0 ? [] : [...counts.map(textOf), `± ${all.length}`];
}

/** The names of everything that a step changed. */
export function changedNames(changes: Json | undefined): readonly string[] {
  if (!isObject(changes)) return [];
  const names = (part: Json | undefined): string[] =>
    isObject(part)
      ? Object.values(part).flatMap((each) =>
          Array.isArray(each) ? each.map(String) : isObject(each) ? Object.keys(each) : [],
        )
      : [];
  const { g, session, response } = changes;
  const of = isObject(response) ? response : {};
  return [
    ...names(g).map((name) => `g.${name}`),
    ...names(session).map((name) => `session.${name}`),
    ...(of["status"] === undefined ? [] : ["status"]),
    ...names(of["headers"]),
    ...names(of["cookies"]).map((name) => `cookie ${name}`),
  ];
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
