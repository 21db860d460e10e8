/** The journey of a request as plain data: which chips stand in which band, in which state. */

import type { Stage, Step, Trace, TraceSummary } from "../../api/types";
import type { State } from "../../trace/steps";
import type { Bracket } from "../../trace/transactions";

/** What stands on the wire: a step, or one that the registries promise. */
export interface Chip {
  readonly key: string;
  readonly stage: Stage;
  readonly kind: string;
  readonly name: string;
  readonly state: State;
  /** Not shown yet: the registries do not promise it. */
  readonly hidden: boolean;
  readonly step: Step | null;
  /** What its dot stands for, where the chip says two steps in one. */
  readonly dot: Step | null;
  /** The same function's second call, after an after-hook had raised. */
  readonly again: Step | null;
  /** The way back of a step whose way in is a chip of its own. */
  readonly half: boolean;
  /** When the wire passes it, ns. */
  readonly when: number;
  /** Its place among those that it passes at the same time. */
  readonly order: number;
  /** Its own time, ns, without what is drawn as chips of their own; null where none can be said. */
  readonly own: number | null;
  /** What ran inside it: statements, templates, context processors. */
  readonly pills: readonly Step[];
  /** Requests made inside it. */
  readonly inner: readonly TraceSummary[];
  /** What follows it on the wire without a chip: signals, and what else there is. */
  readonly beads: readonly Step[];
  /** What it stands for, where quick hooks are folded into one. */
  readonly folded: readonly Chip[];
  /** Who registered it: 0 the app, from 1 the blueprints. */
  readonly hue: number;
  /** Said beside it. */
  readonly note: string;
}

export interface Band {
  readonly key: string;
  readonly label: string;
  readonly sub: string;
  /** 0: neutral; from 1: a blueprint's own hue. */
  readonly hue: number;
  readonly left: readonly Chip[];
  /** From top to bottom; the wire climbs, so the last runs first. */
  readonly right: readonly Chip[];
}

/** Where the wire passes, in the order of time; `again` on the second way up. */
export interface Stop {
  readonly key: string;
  readonly when: number;
  readonly order: number;
  readonly again: boolean;
  readonly failed: boolean;
}

export interface Journey {
  readonly trace: Trace;
  readonly bands: readonly Band[];
  readonly dispatch: Chip;
  readonly handlers: readonly Chip[];
  readonly response: Chip;
  readonly view: Ribbon;
  readonly body: Ribbon | null;
  /** The before-hook that answered in the view's place. */
  readonly short: Chip | null;
  /** The match that raised: its exception waits until dispatch. */
  readonly waiting: string | null;
  /** What left the app; the server gets it. */
  readonly propagated: string | null;
  /** What nobody handled, and Flask answered with 500. */
  readonly unhandled: string | null;
  /** Whether code of the app's made a response that Flask took over. */
  readonly answeredByApp: boolean;
  readonly stops: readonly Stop[];
  /**
   * The moment that it shows, ns, and the time since the request's start: `momentOf` reads the states of
   * steps.
   */
  readonly at: number;
  readonly elapsed: number;
  /** How long nothing has begun or ended, ns; null where that is not long, or over. */
  readonly hung: number | null;
  readonly moving: boolean;
  readonly status: string;
  /** How long it was open and how it was closed, where the request became a websocket. */
  readonly websocket: string | null;
  /** The app's time, ns, so far. */
  readonly total: number;
  /** How long the server sent, or has sent so far, ns. */
  readonly sent: number;
  readonly bytes: number | null;
}

/** A strip of true time: the view, or a body that is made while it is sent. */
export interface Ribbon {
  readonly key: "view" | "body";
  readonly step: Step | null;
  readonly state: State;
  readonly name: string;
  readonly begin: number;
  readonly duration: number;
  /** Statements and templates. */
  readonly segments: readonly Step[];
  /** Transactions that were open while it ran. */
  readonly brackets: readonly Bracket[];
  /** What else ran inside it. */
  readonly beads: readonly Step[];
  /** What follows it on the wire without a chip. */
  readonly after: readonly Step[];
  /** Requests made inside it. */
  readonly inner: readonly TraceSummary[];
  /** Contexts that are there for a while: pushed inside it, or kept until its end. */
  readonly contexts: readonly {
    readonly begin: number;
    readonly end: number;
    readonly label: string;
    readonly seen: boolean;
  }[];
  readonly chunks: readonly { readonly at: number; readonly size: number }[];
  /** How many chunks more there were: only of the first ones it is known when. */
  readonly more: number;
  readonly error: string | null;
  readonly note: string;
  readonly thread: boolean;
}
