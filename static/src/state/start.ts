/** Start the panel. */

import { startTicker } from "./ticker";
import { readSwitches } from "./preferences";
import { followFullscreen } from "./presentation";
import { connect } from "./server";
import { change } from "./store";
import { followAddress } from "./url";

export function start(): void {
  change((before) => ({ ...before, ...readSwitches() }));
  followAddress();
  followFullscreen();
  connect();
  startTicker();
}
