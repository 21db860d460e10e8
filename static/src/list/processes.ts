/** Short names for the processes in the list. Pure. */

import type { Process } from "../api/types";

export type Named = Pick<Process, "host" | "pid" | "started_at" | "app">;

/** A process and its app, as a key: one process may have several apps. */
export function processKey({ host, pid, started_at = 0, app = "" }: Named): string {
  return `${host} ${pid} ${started_at} ${app}`;
}

/**
 * A name for each process, if there are several: its app and its host as far as these differ, and a number
 * if it is not the only one there.
 *
 * @param known the names that processes have had so far: they keep their numbers.
 */
export function namesOf(
  processes: readonly Named[],
  known: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (processes.length < 2) return NONE;
  const hasApps = new Set(processes.map(appOf)).size > 1;
  const hasHosts = new Set(processes.map(({ host }) => host)).size > 1;
  const groups = new Map<string, Named[]>();
  for (const each of processes) {
    const place = [hasApps ? appOf(each) : "", hasHosts ? each.host : ""].filter(Boolean).join(" ");
    groups.set(place, [...(groups.get(place) ?? []), each]);
  }
  const names = new Map<string, string>();
  for (const [place, group] of groups)
    if (group.length === 1 && place !== "") names.set(processKey(group[0] as Named), place);
    else for (const [key, number] of numbered(group, known)) names.set(key, `${place} w${number}`.trim());
  return names;
}

const NONE: ReadonlyMap<string, string> = new Map();

function appOf({ app }: Named): string {
  return app ?? "";
}

/** The number of each; those without one get the least that are free, the first to begin the first. */
function numbered(group: readonly Named[], known: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const taken = new Set<number>();
  const fresh: Named[] = [];
  for (const each of group) {
    const number = Number(/w(\d+)$/.exec(known.get(processKey(each)) ?? "")?.[1]);
    if (Number.isNaN(number) || taken.has(number)) fresh.push(each);
    else {
      numbers.set(processKey(each), number);
      taken.add(number);
    }
  }
  const inOrder = fresh.sort((a, b) => (a.started_at ?? 0) - (b.started_at ?? 0) || a.pid - b.pid);
  let next = 1;
  for (const each of inOrder) {
    while (taken.has(next)) next += 1;
    taken.add(next);
    numbers.set(processKey(each), next);
  }
  return numbers;
}
