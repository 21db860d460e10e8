/** The app's registries: its rules, the functions that a request for each calls, and its parts. */

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { adopt } from "../../components/adopt";
import { Editor } from "../../components/Source";
import { actions } from "../../state/actions";
import { hasApps, state } from "../../state/store";
import { grouped } from "../../trace/format";
import appStyles from "../../styles/app.css?inline";
import toolsStyles from "../../styles/tools.css?inline";
import { About } from "./About";
import { Rules } from "./Rules";

adopt(appStyles, toolsStyles);

export default function App(): JSX.Element {
  const {
    map,
    app: { part },
  } = state.value;
  useEffect(actions.map, []);
  if (map === null) return <p class="loading">Loading…</p>;
  return (
    <div class="app">
      <div class="tools">
        {(["rules", "about"] as const).map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === part}
            onClick={() => {
              actions.app({ part: each });
            }}
          >
            {each === "rules" ? `Rules (${grouped(map.rules.length)})` : "About the app"}
          </button>
        ))}
        {hasApps.value ? <span class="of-app">of {map.name}, which serves this panel</span> : null}
        <Editor />
      </div>
      {part === "rules" ? <Rules map={map} /> : <About map={map} />}
    </div>
  );
}
