import { render } from "preact";

import "./styles/tokens.css";
import "./styles/panel.css";
import "./styles/list.css";
import "./styles/print.css";
import { listenForKeys } from "./page/keys";
import { Panel } from "./page/Panel";
import { actions } from "./state/actions";
import { readPreference } from "./state/preferences";
import { start } from "./state/start";

document.documentElement.style.colorScheme = readPreference("theme") ?? "";
listenForKeys();
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
