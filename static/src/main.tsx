import { render, type JSX } from "preact";
import { useEffect } from "preact/hooks";

import "./styles/tokens.css";
import "./styles/panel.css";
import "./styles/list.css";
import "./styles/print.css";
import { FIT, look, zoomed } from "./diagram/camera";
import { current } from "./state";
import { actions, start, state } from "./store";
import { lazy } from "./views/lazy";
import { List } from "./views/List";
import { Playback } from "./views/Playback";
import { Top } from "./views/Top";
import { viewAfter, viewOf } from "./views/table";
import { Views } from "./views/Views";

const Details = lazy("Step", () => import("./views/Details"));
const Help = lazy("Keys", () => import("./views/Help"));

function Panel(): JSX.Element {
  const trace = current(state.value);
  const title = trace === null ? "flask-lifecycle" : `${trace.method} ${trace.path} · flask-lifecycle`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  const ofApp = !state.value.stage && viewOf(state.value.view).ofApp === true;
  return (
    <div class={state.value.stage ? "whole stage" : "whole"}>
      {state.value.stage ? null : <Top />}
      <div class="body">
        {state.value.stage ? null : <List />}
        <main>
          <h1 class="unseen">{trace === null ? "Requests of this app" : `${trace.method} ${trace.path}`}</h1>
          <Views />
          {ofApp || trace === null ? null : <Playback />}
        </main>
        {state.value.stage || ofApp || trace === null || state.value.step === null ? null : <Details />}
      </div>
      {state.value.help ? <Help /> : null}
    </div>
  );
}

function keys(event: KeyboardEvent): void {
  const typing =
    event.target instanceof HTMLInputElement &&
    event.target.type !== "range" &&
    event.target.type !== "checkbox";
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    typing ||
    state.value.help ||
    document.querySelector(":popover-open") !== null
  )
    return;
  if (!state.value.keys && event.key.length === 1 && event.key !== "?") return;
  const act: Record<string, () => void> = {
    j: () => {
      actions.move(1);
    },
    k: () => {
      actions.move(-1);
    },
    x: actions.clear,
    Escape: () => {
      actions.leave();
    },
    "/": () => {
      document.getElementById("filter")?.focus();
    },
    v: () => {
      actions.view(viewAfter(state.value.view).name);
    },
    "?": () => {
      actions.help(true);
    },
    f: actions.stage,
    z: actions.near,
    "+": () => {
      look.value = zoomed(look.value, 1.3);
    },
    "=": () => {
      look.value = zoomed(look.value, 1.3);
    },
    "-": () => {
      look.value = zoomed(look.value, 1 / 1.3);
    },
    "0": () => {
      look.value = FIT;
    },
    " ": actions.play,
    ArrowRight: () => {
      actions.walk(1);
    },
    PageDown: () => {
      actions.walk(1);
    },
    ArrowLeft: () => {
      actions.walk(-1);
    },
    PageUp: () => {
      actions.walk(-1);
    },
    Home: () => {
      actions.rim(false);
    },
    End: () => {
      actions.rim(true);
    },
  };
  const does = act[event.key];
  if (
    does === undefined ||
    event.defaultPrevented ||
    (event.key === " " && event.target instanceof HTMLButtonElement)
  )
    return;
  event.preventDefault();
  does();
}

document.documentElement.style.colorScheme = localStorage.getItem("lifecycle-theme") ?? "";
addEventListener("keydown", keys);
addEventListener("dragover", (event) => {
  event.preventDefault();
});
addEventListener("drop", (event) => {
  event.preventDefault();
  void actions.open([...(event.dataTransfer?.files ?? [])]);
});

const root = document.getElementById("panel");
if (root !== null) {
  render(<Panel />, root);
  start();
}
