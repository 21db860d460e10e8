/** The user's actions. */

import type { Trace } from "../api/types";
import type { Pace } from "../trace/replay";
import { ask, command, fetchOlder, forget, loadMap, restore, tell } from "./backend";
import { cleared, restored } from "./clearing";
import {
  compareSelected,
  compareTwo,
  endComparing,
  pickComparedStep,
  setSide,
  swapPairing,
} from "./comparing";
import type { Kind } from "./files";
import { writePreference, writeSwitch, type Switch } from "./preferences";
import { toggleStage } from "./presentation";
import { pickStep, seek, seekEnd, setPace, togglePlay, walk } from "./replaying";
import { sendAgain, sendOneMore } from "./sending";
import { select, setFollow, setPaused, setReplay, toggleFold } from "./selection";
import type { AppQuery, State } from "./state";
import { all, change, notice, state } from "./store";
import { goToRequest, walkTalk } from "./talk";
import type { ViewName } from "./viewNames";

function set(values: Partial<State>): void {
  change((before) => ({ ...before, ...values }));
}

/** An action that sets a stored preference. */
function remembered(name: Switch): (on: boolean) => void {
  return (on) => {
    writeSwitch(name, on);
    set({ [name]: on });
  };
}

export const actions = {
  select: (id: string): void => {
    change((before) => select(before, id));
  },
  step: (step: number | null): void => {
    change((before) => pickStep(before, step));
  },
  follow: (): void => {
    change((before) => setFollow(before, !before.follow));
  },
  pause: (): void => {
    change((before) => setPaused(before, !before.paused));
  },
  clear: (): void => {
    const before = state.value;
    change(cleared);
    if (state.value !== before) forget();
  },
  /** Bring back what was cleared. */
  undo: (): void => {
    if (state.value.undo === null) return;
    change(restored);
    void restore();
  },
  /** What was cleared can no longer be brought back. */
  forgetUndo: (): void => {
    set({ undo: null });
  },
  filter: (filter: string): void => {
    set({ filter });
  },
  seek: (at: number): void => {
    change((before) => seek(before, at));
  },
  /** Follow new requests. */
  live: (): void => {
    change((before) => setReplay(before, null));
  },
  pace: (pace: Pace): void => {
    change((before) => setPace(before, pace));
  },
  play: (): void => {
    change(togglePlay);
  },
  /** Go to the next thing to tell of; on the stage, from a request's end to the next prepared one. */
  walk: (by: 1 | -1): void => {
    change((before) => (before.stage ? walkTalk(before, by) : walk(before, by)));
  },
  /** Go to another of the prepared requests. */
  request: (by: 1 | -1): void => {
    change((before) => goToRequest(before, by));
  },
  /** Set the requests that are prepared for a talk, in its order. */
  talk: (talk: readonly string[]): void => {
    writePreference("talk", talk.join(" "));
    set({ talk });
  },
  black: (): void => {
    change((before) => ({ ...before, black: before.stage && !before.black }));
  },
  seekEnd: (end: "first" | "last"): void => {
    change((before) => seekEnd(before, end));
  },
  /** Go back: from black to the stage, from there to the panel, from a moment to the whole request. */
  leave: (): void => {
    if (state.value.black) set({ black: false });
    else if (state.value.stage) {
      toggleStage();
      change((before) => ({
        ...setReplay(before, null),
        left: { id: before.selected, replay: before.replay },
      }));
    } else change((before) => ({ ...setReplay(before, null), zoom: false, step: null }));
  },
  stage: toggleStage,
  view: (view: ViewName): void => {
    set({ view });
  },
  /** Change the query of the App view. */
  app: (query: Partial<AppQuery>): void => {
    change((before) => ({ ...before, app: { ...before.app, ...query } }));
  },
  help: (help: boolean): void => {
    set({ help });
  },
  group: remembered("grouped"),
  keys: remembered("keys"),
  mine: remembered("mine"),
  fold: (key: string): void => {
    change((before) => toggleFold(before, key));
  },
  older: (): void => {
    void fetchOlder();
  },
  /** Import the requests of files into the list, or show their errors. */
  open: async (files: readonly File[]): Promise<void> => {
    const { openFiles } = await import("./files");
    const wrong = await openFiles(files);
    if (wrong !== "") notice(wrong);
  },
  /** Make a file with a recording of some requests. */
  record: async (ids: readonly string[], kind: Kind): Promise<Blob | string> => {
    const { recordingOf } = await import("./files");
    return recordingOf(ids, kind);
  },
  notice,
  /** Read the app's registries again. */
  map: (): void => {
    void loadMap();
  },
  ask,
  tell,
  command,
  /** Pick the newest request of the same kind. */
  latest: ({ method, endpoint }: Trace): void => {
    const newest = all.value.find((trace) => trace.method === method && trace.endpoint === endpoint);
    if (newest) actions.select(newest.id);
  },
  /** Compare the selected request with the last one like it, or with the one that was marked. */
  compare: (): void => {
    void compareSelected();
  },
  /** Compare the selected request with another one. */
  compareWith: (id: string): void => {
    const { selected } = state.value;
    if (selected !== null) compareTwo(selected, id);
  },
  unmark: (): void => {
    set({ marked: null });
  },
  comparedStep: pickComparedStep,
  comparedSide: setSide,
  swap: swapPairing,
  endComparing,
  sendAgain,
  sendOneMore,
  zoom: (): void => {
    change((before) => ({ ...before, zoom: !before.zoom }));
  },
};
