/** Two requests as one picture: each step of either of them, as plain data. */

import type { Comparison, Stage } from "../../api/types";
import type { Chip, Journey, Ribbon } from "../../diagram/model/types";

export type SideName = "a" | "b";
export type In = "both" | SideName;

/** A time of both requests. */
export interface Times {
  readonly a: number | null;
  readonly b: number | null;
  /** Whether they differ beyond the noise, as far as the number of runs shows that. */
  readonly beyond: boolean;
}

/** A chip of either request, or of both. */
export interface ComparedChip {
  readonly key: string;
  /** The index of its step in the comparison; null of what is no step. */
  readonly index: number | null;
  readonly a: Chip | null;
  readonly b: Chip | null;
  readonly in: In;
  readonly stage: Stage;
  readonly kind: string;
  readonly name: string;
  readonly times: Times;
  /** How it ended in each, if that differs. */
  readonly outcomes: readonly [a: string, b: string] | null;
  /** How many statements each sent in it. */
  readonly statements: readonly [a: number, b: number];
  /** How long those took. */
  readonly sql: readonly [a: number, b: number];
}

export interface ComparedBand {
  readonly key: string;
  readonly label: string;
  readonly sub: string;
  readonly hue: number;
  readonly in: In;
  /** In the order of time. */
  readonly left: readonly ComparedChip[];
  /** From top to bottom: the wire climbs, so that the last one is the first. */
  readonly right: readonly ComparedChip[];
}

/** The views of both, on one axis of time. */
export interface ComparedView {
  readonly index: number | null;
  readonly name: string;
  readonly a: Ribbon | null;
  readonly b: Ribbon | null;
  /** Why one of them did not run. */
  readonly why: { readonly a: string; readonly b: string };
  readonly times: Times;
  readonly statements: readonly [a: number, b: number];
}

/** A chip that a wire passes on its way out. */
interface Pass {
  readonly key: string;
  readonly failed: boolean;
  /** Whether it answers what was raised before. */
  readonly answers: boolean;
}

/** How the wire of one request goes. */
export interface Way {
  /** The chips on the way out, in the order of time. */
  readonly right: readonly Pass[];
  /** Whether it goes through the view, and how that ended. */
  readonly view: "none" | "done" | "failed";
  /** Where there is no view, how it turns: a response was returned, or an exception raised. */
  readonly turn: "short" | "err" | "out";
}

export interface Compared {
  readonly comparison: Comparison;
  readonly bands: readonly ComparedBand[];
  /** Dispatch at the left; make_response and the error handlers at the right. */
  readonly turn: Pick<ComparedBand, "left" | "right">;
  readonly view: ComparedView;
  readonly ways: { readonly a: Way; readonly b: Way };
  /** Whether a side has one run: no time is told from chance then. */
  readonly single: boolean;
}

/** The journeys of both. */
export interface Journeys {
  readonly a: Journey;
  readonly b: Journey;
}
