/** Start the panel, or a recording. */

import { host } from "./place";
import { startTicker } from "./ticker";
import { readSwitches } from "./preferences";
import { followFullscreen } from "./presentation";
import { change } from "./store";
import { followAddress } from "./url";

const HAVE_ADDRESS: ReadonlySet<string> = new Set(["http:", "https:", "file:"]);

/** @param connect gets the requests. */
export function start(connect: () => void): void {
  change((before) => ({ ...before, ...readSwitches() }));
  // An element shares the address with its page, and a frame may have none.
  if (host === null && HAVE_ADDRESS.has(location.protocol)) followAddress();
  followFullscreen();
  connect();
  startTicker();
}
