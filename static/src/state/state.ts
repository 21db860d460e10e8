/** The state of the page as one frozen value. */

import type { Connection } from "../api/live";
import type {
  AppMap,
  Batch,
  Highlight,
  HistoryState,
  Recording,
  Step,
  Trace,
  TraceSummary,
} from "../api/types";
import type { Replay } from "../trace/replay";
import type { Run } from "../trace/run";
import { DIAGRAM, type ViewName } from "./viewNames";

/** The requests of the process that the page is connected to, and of all others. */
export interface Log {
  readonly epoch: string | null;
  readonly process: Batch["process"] | null;
  /** The other processes that share its history and live. */
  readonly others: readonly Run[];
  /** Where the stream goes on, whichever process of the server sends it. */
  readonly position: string | null;
  /** Those of that process, newest first, and without holes. */
  readonly traces: readonly TraceSummary[];
  /** How many of them the server keeps, those that are not here included. */
  readonly kept: number;
  /** How many of those are static files. */
  readonly files: number;
  /** Steps of the traces that were looked at last. */
  readonly steps: ReadonlyMap<string, readonly Step[]>;
  /** What matters about the traces whose steps are here. */
  readonly highlights: ReadonlyMap<string, readonly Highlight[]>;
  /** When a running trace's summary came, in ms of the page's own clock. */
  readonly seenAt: ReadonlyMap<string, number>;
  readonly skipped: number;
  readonly evicted: number;
  readonly tooLarge: number;
  readonly ignored: number;
  /** Changes with the app's breakpoints. */
  readonly revision: number;
  /** When the connection was lost, in ms of the page's own clock. */
  readonly lostAt: number | null;
  readonly gaps: readonly Gap[];
  /** Those of other processes, newest first: as they go on, from the history, and from before they ended. */
  readonly earlier: readonly TraceSummary[];
  /** The id before which older ones are to be fetched; "": the newest are; null: all are here. */
  readonly next: string | null;
  readonly history: HistoryState | null;
  /** A selected trace that the server no longer keeps. */
  readonly missing: string | null;
}

/** A time without a connection. */
export interface Gap {
  /** The newest trace before it. */
  readonly after: string | null;
  /** How long it was, ms. */
  readonly ms: number;
  /** How many requests came in it. */
  readonly requests: number;
}

/** A request from a file. */
export interface Imported {
  readonly file: string;
  /** What the list shows of it, under an id that no request of the server's has. */
  readonly trace: TraceSummary;
  /** All of it, as it stood in the file, with the same id. */
  readonly whole: Trace;
  /** What is in the file, and the id that it has there. */
  readonly recording: Recording;
  readonly id: string;
  /** The newest request that was here before it. */
  readonly after: string | null;
}

/** What of a state is brought back after it was cleared. */
export type Cleared = Pick<
  State,
  "traces" | "steps" | "gaps" | "earlier" | "next" | "imported" | "folds" | "selected" | "step" | "follow"
>;

/** The query of the App view. */
export interface AppQuery {
  readonly part: "rules" | "about";
  /** The picked rule, by its name in the address; null: the likeliest. */
  readonly rule: string | null;
  /** The picked method; null: that of the selected request, or one that the rule takes. */
  readonly method: string | null;
  /** A path to try, or words. */
  readonly path: string;
  /** Only the rules that were never requested. */
  readonly never: boolean;
}

/** The ids of two requests that are compared; of several runs of each, the newest first. */
export interface Pairing {
  readonly a: readonly string[];
  readonly b: readonly string[];
}

export interface State extends Log {
  readonly connection: Connection;
  /** What the page is a recording of; null: it is the panel of an app that runs. */
  readonly recorded: Recording | null;
  readonly map: AppMap | null;
  readonly selected: string | null;
  readonly step: number | null;
  readonly follow: boolean;
  readonly paused: boolean;
  /** Messages received while the display is paused. */
  readonly held: Log | null;
  /** What was cleared, as long as it can be brought back. */
  readonly undo: Cleared | null;
  /** Newest first. */
  readonly imported: readonly Imported[];
  /** The error of the user's last action. */
  readonly notice: string | null;
  /** The filter of the list. */
  readonly filter: string;
  /** Whether requests are grouped under their initiators. */
  readonly grouped: boolean;
  /** Rows whose folding the user has toggled. */
  readonly folds: ReadonlySet<string>;
  /** Whether the hooks of packages are folded, so that those of the app stand out. */
  readonly mine: boolean;
  /** The current replay. */
  readonly replay: Replay | null;
  /** Presentation mode: only the diagram and a caption. */
  readonly stage: boolean;
  /** Where the stage was left, to come back to. */
  readonly left: { readonly id: string | null; readonly replay: Replay | null };
  /** Whether the stage is black, so that the room looks at the speaker. */
  readonly black: boolean;
  /** The ids of the requests that are prepared for a talk, in its order. */
  readonly talk: readonly string[];
  /** The view in the main area. */
  readonly view: ViewName;
  readonly app: AppQuery;
  /** The comparison that is shown in place of all views. */
  readonly compared: Pairing | null;
  /** The step of it that is looked at: its index in the comparison. */
  readonly comparedStep: number | null;
  /** The request that waits for another one to be compared with. */
  readonly marked: string | null;
  readonly help: boolean;
  /** Whether single-key shortcuts are on (WCAG 2.1.4). */
  readonly keys: boolean;
  /** Whether the diagram is zoomed onto the step that it is about. */
  readonly zoom: boolean;
}

export const EMPTY: State = {
  connection: "connecting",
  recorded: null,
  epoch: null,
  process: null,
  others: [],
  position: null,
  traces: [],
  kept: 0,
  files: 0,
  steps: new Map(),
  highlights: new Map(),
  seenAt: new Map(),
  skipped: 0,
  evicted: 0,
  tooLarge: 0,
  ignored: 0,
  revision: 0,
  lostAt: null,
  gaps: [],
  earlier: [],
  next: "",
  history: null,
  missing: null,
  map: null,
  selected: null,
  step: null,
  follow: true,
  paused: false,
  held: null,
  undo: null,
  imported: [],
  notice: null,
  filter: "",
  grouped: true,
  folds: new Set(),
  mine: false,
  replay: null,
  stage: false,
  left: { id: null, replay: null },
  black: false,
  talk: [],
  view: DIAGRAM,
  app: { part: "rules", rule: null, method: null, path: "", never: false },
  compared: null,
  comparedStep: null,
  marked: null,
  help: false,
  keys: true,
  zoom: false,
};

/** Whether any of these has another value in the one than in the other. */
export function differ<T>(one: T, other: T, ...names: readonly (keyof T)[]): boolean {
  return names.some((name) => one[name] !== other[name]);
}
