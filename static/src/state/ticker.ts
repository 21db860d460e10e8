/** The ticker: advances a replay, and the times of running requests. */

import { host } from "./place";
import { tick } from "./replaying";
import { change, now, state } from "./store";

/** The maximum advance of a replay per tick, ms, even after a time in the background. */
const LONGEST_FRAME = 100;

export function startTicker(): void {
  let last = performance.now();
  const frame = (): void => {
    // An element that is removed does not come back.
    if (host?.isConnected === false) return;
    const present = performance.now();
    change((before) => tick(before, Math.min(present - last, LONGEST_FRAME)));
    last = present;
    const { seenAt, paused, connection } = state.value;
    if (seenAt.size > 0 && !paused && connection !== "lost") now.value = performance.now();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
