/** Presentation mode: full screen, if the browser allows it. */

import { area } from "./place";
import { replayPicked } from "./replaying";
import { setReplay } from "./selection";
import type { State } from "./state";
import { change, state } from "./store";

/** Whether the stage fills the screen, and the end of the last time: both take the browser a moment. */
let isFull = false;
let exited: Promise<void> = Promise.resolve();

export function toggleStage(): void {
  const stage = !state.value.stage;
  isFull = false;
  // On the stage a step is shown by its moment, to which one can come back.
  change((before) => ({
    ...(stage ? comeBack(replayPicked(before)) : before),
    stage,
    zoom: false,
    black: false,
    step: null,
  }));
  // Not every browser, nor every frame, lets a page fill the screen.
  // By then, presentation mode may have ended.
  if (stage)
    void exited
      .then(() => area.requestFullscreen())
      .then(() => {
        isFull = state.value.stage;
        if (!isFull) exit();
      })
      .catch(() => undefined);
  else if (document.fullscreenElement !== null) exit();
}

function exit(): void {
  exited = document.exitFullscreen().catch(() => undefined);
}

/** Go on where the stage was left, if it is the same request, and shown as a whole. */
function comeBack(before: State): State {
  const { left, selected, replay } = before;
  return replay === null && left.replay !== null && left.id === selected
    ? setReplay(before, { ...left.replay, playing: false })
    : before;
}

/** The browser's own Escape leaves full screen, and presentation mode with it. */
export function followFullscreen(): void {
  addEventListener("fullscreenchange", () => {
    // When one has come back meanwhile, it is told of having left before.
    if (document.fullscreenElement === null && isFull) toggleStage();
  });
}
