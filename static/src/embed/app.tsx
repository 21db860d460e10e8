/** The panel without its server: drawn in a page of its own, or in an element. Run once for each. */

import "./styles";
import { Component, render, type ComponentChildren, type JSX } from "preact";

import "../styles/tokens.css";
import "../styles/panel.css";
import "../styles/list.css";
import "../styles/print.css";
import type { Recording } from "../api/types";
import { listenForKeys } from "../page/keys";
import { Panel } from "../page/Panel";
import { readOnly, setBackend } from "../state/backend";
import { area, host } from "../state/place";
import { readPreference } from "../state/preferences";
import { ofRecording } from "../state/recordings";
import { replayPicked } from "../state/replaying";
import { find } from "../state/request";
import { start } from "../state/start";
import { change } from "../state/store";
import { viewNamed, viewsOf } from "../state/viewNames";
import { answerIn } from "../trace/recorded";
import type { Handle, Wanted } from "./recording";

declare const LIFECYCLE_RECORDING: Recording;
declare const LIFECYCLE_OPENED: (handle: Handle) => void;

/** What cannot be drawn is said, where it would be. */
class Guard extends Component<{ readonly children: ComponentChildren }, { readonly failed: string | null }> {
  override state = { failed: null };

  override componentDidCatch(error: unknown): void {
    this.setState({ failed: String(error) });
  }

  override render(): ComponentChildren {
    const { failed } = this.state;
    return failed === null ? this.props.children : <Failed why={failed} />;
  }
}

function Failed({ why }: { readonly why: string }): JSX.Element {
  return (
    <div class="empty" role="alert">
      <h2>This recording cannot be shown</h2>
      <p>It may be damaged: {why.slice(0, 300)}</p>
    </div>
  );
}

function connect(): void {
  setBackend(readOnly(<T,>(path: string) => Promise.resolve(answerIn<T>(path, LIFECYCLE_RECORDING))));
}

/** Show a view, and a step: at its moment, as a replay does. */
function show({ view, step }: Wanted): void {
  change((before) => {
    const viewed = view === null ? before : { ...before, view: viewNamed(view, viewsOf(before)) };
    if (step === null) return { ...viewed, replay: null, step: null };
    return { ...replayPicked({ ...viewed, replay: null, step }), step: null };
  });
}

const root = host ?? document.getElementById("panel");
if (root !== null) {
  if (host === null) area.style.colorScheme = readPreference("theme") ?? "";
  change((before) => ofRecording(before, LIFECYCLE_RECORDING));
  listenForKeys();
  start(connect);
  // The address may name a request that is not in the recording.
  change((before) =>
    find(before, before.selected) === undefined ? ofRecording(before, LIFECYCLE_RECORDING) : before,
  );
  render(
    <Guard>
      <Panel />
    </Guard>,
    root,
  );
  LIFECYCLE_OPENED({ show });
}
