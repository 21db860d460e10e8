/**
 * The server's data on a request for the toolbar (`GET toolbar/requests`); times in nanoseconds from
 * its start.
 */

import type { Flag, Outcome, StripPart } from "../api/types";

/** A function of the app's, or several quick ones. */
export interface Ran {
  readonly step: number | null;
  readonly name: string;
  readonly took: number;
  readonly outcome: Outcome | null;
  /** Statements that ran in it. */
  readonly sql: number;
}

export interface Layer {
  /** `"contexts"`, `"app"`, or a blueprint's name. */
  readonly label: string;
  /** From top to bottom, both. */
  readonly in: readonly Ran[];
  readonly out: readonly Ran[];
}

export type Bar = readonly [begin: number, end: number];
export type Warning = Flag | readonly [kind: "in", text: string, why: string];

export interface RequestRecord {
  readonly id: string;
  readonly state: "running" | "done";
  readonly method: string;
  readonly path: string;
  /** Its endpoint, and how much was collected. */
  readonly about: string;
  readonly status: number | null;
  readonly step_count: number;
  readonly strip: readonly StripPart[];
  /** The app's own time, so far. */
  readonly elapsed: number;
  /** How long the server sent it, once it is over. */
  readonly sent: number | null;
  /** Whether it was answered with a whole page. */
  readonly document: boolean;
  readonly error: readonly [type: string, message: string] | null;
  /** Statements; the time is that of their transactions too. */
  readonly sql: readonly [count: number, took: number];
  readonly ends: readonly [commits: number, rollbacks: number];
  /** The worst first. */
  readonly warnings: readonly Warning[];
  /** Outermost first. */
  readonly layers: readonly Layer[];
  readonly handler: Ran | null;
  readonly view: (Ran & { readonly begin: number }) | null;
  /** The text if no view ran. */
  readonly instead: string | null;
  /** Whether the path turned back early. */
  readonly back: boolean;
  /** When they ran in the view. */
  readonly bars: { readonly sql: readonly Bar[]; readonly template: readonly Bar[] };
  /** The redirects that led to it, which have none themselves. */
  readonly redirects?: readonly RequestRecord[];
  /**
   * The requests that it initiated that still run, or have ended since the last poll; only if it was
   * requested itself.
   */
  readonly caused?: readonly RequestRecord[];
  /** The name to fetch it by, if its page does not know it yet. */
  readonly name?: string;
}
