/** The rule that a path would match. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { AppMap, Match, Rule } from "../../api/types";
import { actions } from "../../state/actions";
import { state } from "../../state/store";
import { RuleButton } from "./RuleButton";

/** After a key, the server is asked so much later, ms. */
const WAIT = 150;

/** Whether it is a path for the server to match; a recording has none, and looks for words. */
export function isPath(path: string): boolean {
  return path.startsWith("/") && state.value.recorded === null;
}

/** Ask the server what a path would match, some time after the last key. */
export function useMatch(path: string, method: string): Match | null {
  const [found, setFound] = useState<Match | null>(null);
  useEffect(() => {
    setFound(null);
    if (!isPath(path)) return undefined;
    let wanted = true;
    const query = new URLSearchParams({ path: path.split("?")[0] ?? path, method });
    const timer = setTimeout(() => {
      void actions.ask<Match>(`api/app/match?${query}`).then((match) => {
        if (wanted) setFound(match);
      });
    }, WAIT);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [path, method]);
  return found;
}

export function Answer({
  map,
  found,
  onPick,
}: {
  readonly map: AppMap;
  readonly found: Match;
  readonly onPick: (rule: Rule) => void;
}): JSX.Element {
  const matched = found.rule === null ? undefined : map.rules[found.rule];
  const given = Object.entries(found.arguments)
    .map(([name, value]) => `${name} = ${value}`)
    .join(", ");
  const refused = `The app's own converter may still refuse ${found.unsure.join(", ")}.`;
  const unsure = found.unsure.length > 0 ? ` ${refused}` : "";
  const says: Record<Match["outcome"], string> = {
    match: `It matches ${matched?.endpoint ?? ""}${given === "" ? "." : ` with ${given}.`}${unsure}`,
    redirect: `Flask redirects to ${found.redirect ?? ""}.`,
    method_not_allowed: `405: the path exists only for ${found.allowed.join(", ")}.`,
    not_found:
      found.near.length > 0
        ? "404: no rule matches. Similar rules:"
        : "404: no rule matches, and none is similar.",
  };
  return (
    <div class="answer" role="status">
      <p class={found.outcome}>{says[found.outcome]}</p>
      {found.near.length > 0 ? (
        <ul aria-label="Similar rules">
          {found.near.map(({ rule, why }) => {
            const near = map.rules[rule];
            return near === undefined ? null : (
              <li key={rule}>
                <RuleButton rule={near} picked={false} why={why} onPick={onPick} />
              </li>
            );
          })}
        </ul>
      ) : null}
    </div>
  );
}
