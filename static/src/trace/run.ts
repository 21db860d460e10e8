/** A run of an app: one process, from when it began. */

import type { Process } from "../api/types";

/** A process is known by when it began, too: in a container, each one has the same number. */
export type Run = Pick<Process, "pid" | "started_at"> & Partial<Pick<Process, "host" | "app">>;

/** Whether two are the same, as far as both are known: an app's name and the host may be unknown. */
export function isSameRun(one: Run, other: Run): boolean {
  return (
    one.pid === other.pid &&
    one.started_at === other.started_at &&
    (one.host ?? other.host) === (other.host ?? one.host) &&
    (one.app ?? other.app) === (other.app ?? one.app)
  );
}

/** When a process began, Unix time. */
export function startOf({ started_at = 0 }: Run): number {
  return started_at;
}
