import { render } from "preact";

import "./styles/tokens.css";
import "./styles/panel.css";
import "./styles/list.css";
import "./styles/print.css";
import { startHolds } from "./holds/store";
import { listenForKeys } from "./page/keys";
import { Panel } from "./page/Panel";
import { actions } from "./state/actions";
import { readPreference } from "./state/preferences";
import { connect } from "./state/server";
import { start } from "./state/start";

document.documentElement.style.colorScheme = readPreference("theme") ?? "";

const root = document.getElementById("panel");
const speaker = new URLSearchParams(location.search).get("speaker");
if (root !== null && speaker !== null)
  void import("./replay/Speaker").then(({ default: Speaker }) => {
    render(<Speaker id={speaker} />, root);
  });
else if (root !== null) {
  listenForKeys();
  addEventListener("dragover", (event) => {
    event.preventDefault();
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    void actions.open([...(event.dataTransfer?.files ?? [])]);
  });
  render(<Panel />, root);
  startHolds();
  start(connect);
}
