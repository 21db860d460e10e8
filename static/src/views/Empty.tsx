import type { JSX } from "preact";

import emptyStyles from "../styles/empty.css?inline";
import { adopt } from "../components/adopt";
import { actions } from "../state/actions";
import { state } from "../state/store";

adopt(emptyStyles);

/** Instructions when no request is shown. */
export default function Empty(): JSX.Element {
  const { selected, traces, earlier, connection, filter, recorded } = state.value;
  const some = traces.length + earlier.length > 0;
  if (recorded !== null && !some)
    return (
      <div class="empty">
        <h2>This recording has no requests</h2>
      </div>
    );
  if (selected !== null && some)
    return (
      <div class="empty">
        <h2>This request is no longer stored</h2>
        <p>It was evicted or cleared. Select another one in the list.</p>
      </div>
    );
  if (some && filter.trim() !== "")
    return (
      <div class="empty">
        <h2>No request matches the filter</h2>
        <p>The next request that matches is shown here while Follow is on.</p>
        <p>
          <code>{filter.trim()}</code>
        </p>
        <p>
          <button
            type="button"
            onClick={() => {
              actions.filter("");
            }}
          >
            Show all requests
          </button>
        </p>
      </div>
    );
  return (
    <div class="empty">
      <h2>{connection === "lost" ? "The app does not respond" : "Waiting for a request"}</h2>
      <p>
        {connection === "lost"
          ? "The panel keeps trying to reconnect. Is the app still running at this address?"
          : "Open a page of your app in another tab, or call it with curl. The request’s path through " +
            "Flask is drawn here while it runs: down the left side as the layers open, through the " +
            "view, and up the right side as they close."}
      </p>
      <p>
        <a class="button" href={home()} target="_blank" rel="noopener">
          Open {home()}
        </a>
      </p>
      <pre>curl {home()}</pre>
    </div>
  );
}

/** Where the app is: above the panel's own folder. */
function home(): string {
  return new URL("../", document.baseURI).href;
}
