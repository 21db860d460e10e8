/** Presentation mode: it takes the whole screen, where the browser lets it. */

import { change, state } from "./store";

export function toggleStage(): void {
  const stage = !state.value.stage;
  change((before) => ({ ...before, stage, zoom: false, step: null }));
  // Not every browser, nor every frame, lets a page fill the screen.
  // By the time one does, the stage may be left.
  if (stage)
    void document.documentElement
      .requestFullscreen()
      .then(() => (state.value.stage ? undefined : document.exitFullscreen()))
      .catch(() => undefined);
  else if (document.fullscreenElement !== null) void document.exitFullscreen();
}

/** The browser's own Escape leaves the full screen, and the stage with it. */
export function followFullscreen(): void {
  addEventListener("fullscreenchange", () => {
    if (document.fullscreenElement === null && state.value.stage) toggleStage();
  });
}
