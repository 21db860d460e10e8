import type { JSX } from "preact";

import { state } from "../store";

/** Where no request is shown: what to do to see one. */
export function Empty(): JSX.Element {
  const { selected, traces, connection } = state.value;
  if (selected !== null && traces.length > 0)
    return (
      <div class="empty">
        <h2>This request is not kept</h2>
        <p>It was evicted, or the app was started anew since. Pick one from the list.</p>
      </div>
    );
  return (
    <div class="empty">
      <h2>{connection === "live" || connection === "polling" ? "Waiting for a request" : "Connecting to the app"}</h2>
      <p>Open a page of your app in another tab, or call it with curl. Its journey through Flask is drawn here while it runs: down the left the layers open, the view turns it around, and up the right they close again.</p>
      <pre>curl {location.origin}/</pre>
    </div>
  );
}
