/** Between the stage and the speaker's window: two pages of one origin. */

import type { Trace } from "../api/types";
import { goOnShown, heldDetails } from "../holds/store";
import { whereOf } from "../holds/words";
import { actions } from "../state/actions";
import { replayOf } from "../state/replaying";
import { current, elapsed } from "../state/request";
import type { State } from "../state/state";
import { now, onChange, state } from "../state/store";
import { otherRequest, positionOf, preparedOf } from "../state/talk";
import { nameOf, partsOf, type Part } from "../trace/captions";
import { cuesOf, type Cue } from "../trace/cues";
import { holdAt } from "../trace/holds";
import { shownCue } from "../trace/replay";

/** What the speaker sees of the stage. */
export interface Shown {
  readonly request: string;
  /** Of the prepared requests; 0 if there are none. */
  readonly position: number;
  readonly requests: number;
  readonly cue: number;
  readonly cues: number;
  readonly caption: readonly Part[];
  readonly next: { readonly name: string; readonly caption: readonly Part[] } | null;
  readonly black: boolean;
  readonly held: HeldShown | null;
  /** What the notes belong to. */
  readonly lesson: string;
  readonly step: string;
}

/** Where the shown request is held, for how long, and how long until it goes on by itself, ns. */
export interface HeldShown {
  readonly where: string;
  readonly lasts: number;
  readonly left: number | null;
}

/** The speaker's window asks, and presses keys; the stage answers with what it shows. */
export type Message =
  | { readonly kind: "hello" }
  | { readonly kind: "press"; readonly key: Key }
  | { readonly kind: "shown"; readonly shown: Shown | null };

export type Key = keyof typeof PRESSES;

const PRESSES = {
  next: () => {
    actions.walk(1);
  },
  back: () => {
    actions.walk(-1);
  },
  request: () => {
    actions.request(1);
  },
  play: actions.play,
  goOn: () => {
    goOnShown("go");
  },
  black: actions.black,
};

const SPEAKER = "speaker";

export function channelOf(id: string): BroadcastChannel {
  return new BroadcastChannel(`lifecycle-${SPEAKER}-${id}`);
}

let id: string | null = null;

/** Open the speaker's window, and keep it up to date from now on. */
export function openSpeaker(): void {
  id ??= present(crypto.randomUUID());
  window.open(`?${SPEAKER}=${id}`, `lifecycle-${SPEAKER}`, "popup,width=960,height=720");
}

function present(name: string): string {
  const channel = channelOf(name);
  const post = (message: Message): void => {
    channel.postMessage(message);
  };
  let waiting = false;
  let last = "";
  const show = (always: boolean): void => {
    waiting = false;
    const shown = shownOf(state.value);
    const text = JSON.stringify(shown);
    if (text !== last || always) post({ kind: "shown", shown });
    last = text;
  };
  onChange(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(show, 0, false);
  });
  channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (data.kind === "hello") show(true);
    else if (data.kind === "press") PRESSES[data.key]();
  });
  return name;
}

function shownOf(state: State): Shown | null {
  const trace = current(state);
  if (trace === null) return null;
  const cues = cuesOf(trace);
  const position = replayOf(state).cue;
  const isWhole = state.replay === null && trace.state === "done";
  const cue = shownCue(trace, state.replay, state.step) ?? cues.at(-1) ?? null;
  return {
    request: `${trace.method} ${trace.path}`,
    position: positionOf(state) + 1,
    requests: preparedOf(state).length,
    cue: position + 1,
    cues: cues.length,
    caption: cue === null ? [] : partsOf(cue),
    next: nextOf(state, isWhole ? cues[0] : cues[position + 1], cues),
    black: state.black,
    held: heldOf(state, trace),
    lesson: lessonOf(trace),
    step: cue === null ? "" : `${lessonOf(trace)} ${stepOf(cue)}`,
  };
}

function heldOf(state: State, trace: Trace): HeldShown | null {
  const hold = trace.state === "running" ? holdAt(trace) : null;
  if (hold === null) return null;
  const lasts = Math.max(0, elapsed(state, trace.id, now.value) - hold.begin);
  return { where: whereOf(trace, hold), lasts, left: heldDetails(trace)?.left ?? null };
}

function nextOf(state: State, cue: Cue | undefined, cues: readonly Cue[]): Shown["next"] {
  if (cue !== undefined) return { name: nameOf(cue, cues), caption: partsOf(cue) };
  const other = otherRequest(state, 1);
  return other === undefined ? null : { name: `${other.method} ${other.path}`, caption: [] };
}

/** Notes belong to a rule and a function, so that they are there when the request is recorded again. */
function lessonOf(trace: Trace): string {
  return `${trace.method} ${trace.url_rule ?? trace.path}${trace.query === "" ? "" : `?${trace.query}`}`;
}

function stepOf({ step, side }: Cue): string {
  return step === null ? "end" : `${step.stage} ${step.callable ?? step.name.slice(0, 80)} ${side}`;
}
