/** The journey of a request as plain data: the chips of each band, and their states. */

import type { Hold, Stage, Step, Trace, TraceSummary, When } from "../../api/types";
import type { State } from "../../trace/steps";
import type { Bracket } from "../../trace/transactions";

/** Of a note: another thread, an exception, a short-circuit, a hold, or nothing special. */
export type NoteTone = "thr" | "err" | "short" | "held" | "plain";

/** A request that was held at a step, or is at the moment that is shown. */
export interface ChipHold {
  readonly when: When;
  /** How long at it and in what ran inside it, ns; and how much of that is part of its own time. */
  readonly ns: number;
  readonly inside: number;
  /** How long the hold lasts that the request is in here; null if it is not. */
  readonly now: number | null;
}

/** A chip on the wire: a step, or a planned one from the registries. */
export interface Chip {
  readonly key: string;
  readonly stage: Stage;
  readonly kind: string;
  readonly name: string;
  readonly state: State;
  /** Not shown yet: it is not in the registries. */
  readonly hidden: boolean;
  readonly step: Step | null;
  /** The step of its dot, if the chip combines two steps. */
  readonly dot: Step | null;
  /** The same function's second call, after an after-hook had raised. */
  readonly again: Step | null;
  /** The way back of a step whose way in is a chip of its own. */
  readonly half: boolean;
  /** When the wire passes it, ns. */
  readonly when: number;
  /** Its order among chips that the wire passes at the same time. */
  readonly order: number;
  /** Its own time, ns, without steps that have their own chips; null if unknown. */
  readonly own: number | null;
  /** Steps inside it: statements, templates, context processors. */
  readonly pills: readonly Step[];
  /** Requests made inside it. */
  readonly inner: readonly TraceSummary[];
  /** Steps without a chip that follow it on the wire, such as signals. */
  readonly beads: readonly Step[];
  /** The quick hooks that are folded into it. */
  readonly folded: readonly Chip[];
  /** Whether those are drawn as well, so that this closes the fold. */
  readonly isOpen?: boolean;
  /** The fold that it opens, if that is not its own key. */
  readonly opens?: string;
  /** Its function, as `module:qualname`. */
  readonly callable: string | null;
  readonly hold: ChipHold | null;
  /** The package that its function is from; null for the app's own code. */
  readonly package: string | null;
  /** The hue of its scope: 0 is the app, from 1 the blueprints. */
  readonly hue: number;
  /** The note beside it, and what that is about. */
  readonly note: string;
  readonly noteTone: NoteTone;
}

/** An exception as it was raised. */
export interface Fault {
  readonly type: string;
  readonly message: string;
  /** The innermost place in the app's own code, as `file:line`, and its function; empty if unknown. */
  readonly place: string;
  readonly function: string;
}

/** An error handler that was not asked. */
export interface Unasked {
  readonly kind: string;
  readonly name: string;
  readonly why: string;
  /** Whether that is known at the moment. */
  readonly seen: boolean;
}

/** An error handler that ran: a chip, or a true-time ribbon if something ran inside. */
export interface Handler {
  readonly chip: Chip;
  readonly ribbon: Ribbon | null;
}

export interface Band {
  readonly key: string;
  readonly label: string;
  readonly sub: string;
  /** What its name opens or closes. */
  readonly fold?: { readonly key: string; readonly open: boolean };
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
  /** Whether it answers what was raised before. */
  readonly answers: boolean;
}

export interface Journey {
  readonly trace: Trace;
  readonly bands: readonly Band[];
  readonly dispatch: Chip;
  readonly handlers: readonly Handler[];
  readonly unasked: Unasked | null;
  readonly response: Chip;
  readonly view: Ribbon;
  readonly body: Ribbon | null;
  /** The before-hook that short-circuited the view. */
  readonly short: Chip | null;
  /** The match that raised: its exception waits until dispatch. */
  readonly waiting: string | null;
  /** Whether that is a redirect, which is no error. */
  readonly redirects: boolean;
  /** The exception that propagated to the server. */
  readonly propagated: string | null;
  /** The unhandled exception that Flask answered with 500. */
  readonly unhandled: string | null;
  /** Whether the app's own code made a response that Flask adopted. */
  readonly answeredByApp: boolean;
  readonly stops: readonly Stop[];
  /**
   * The moment that it shows, ns, and the time since the request's start: `momentOf` reads the states of
   * steps.
   */
  readonly at: number;
  readonly elapsed: number;
  /** The hold that the request is in. */
  readonly held: Hold | null;
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

/** A true-time ribbon: the view, or a body that is generated while it is sent. */
export interface Ribbon {
  readonly key: "view" | "body" | `handler:${number}`;
  readonly callable: string | null;
  readonly hold: ChipHold | null;
  /** The holds in it, whose times are no part of its scale. */
  readonly holds: readonly Hold[];
  readonly stage: Stage;
  readonly kind: string;
  readonly step: Step | null;
  readonly state: State;
  readonly name: string;
  readonly begin: number;
  /** How long it has lasted so far, and how long it lasts as far as that is known, ns. */
  readonly duration: number;
  readonly span: number;
  /** Whether it raises, be it later than at this moment. */
  readonly fails: boolean;
  /** Statements and templates. */
  readonly segments: readonly Step[];
  /** Transactions that were open while it ran. */
  readonly brackets: readonly Bracket[];
  /** Other steps inside it. */
  readonly beads: readonly Step[];
  /** Steps without a chip that follow it on the wire. */
  readonly after: readonly Step[];
  /** Requests made inside it. */
  readonly inner: readonly TraceSummary[];
  /** Contexts that exist for part of it: pushed inside it, or kept until its end. */
  readonly contexts: readonly {
    readonly begin: number;
    readonly end: number;
    readonly label: string;
    readonly seen: boolean;
  }[];
  readonly chunks: readonly { readonly at: number; readonly size: number }[];
  /** The number of further chunks: only the first ones have a time. */
  readonly more: number;
  /** What it raised, whatever the moment; and whether it has by then. */
  readonly fault: Fault | null;
  readonly failed: boolean;
  readonly note: string;
  readonly thread: boolean;
}
