/** Keyboard shortcuts, active except in form fields; never keys that the browser owns. */

import { FIT, view, zoomBy } from "../diagram/camera";
import { goOnShown, letAllGo, togglePicked } from "../holds/store";
import { moveSelection } from "../list/current";
import { actions } from "../state/actions";
import { keyboard, tree } from "../state/place";
import { state } from "../state/store";
import { viewAfter, viewsOf } from "../state/viewNames";

const ZOOM = 1.3;

const zoom = (by: number) => (): void => {
  view.value = zoomBy(view.value, by);
};
const walk = (by: 1 | -1) => (): void => {
  actions.walk(by);
};

/** A key of what a recording cannot do. */
function ofServer(act: () => void): () => void {
  return () => {
    if (state.value.recorded === null) act();
  };
}

/** A key of the stage alone. */
function onStage(act: () => void): () => void {
  return () => {
    if (state.value.stage) act();
  };
}

/** A key of a held request; on the stage, another one if none is held. */
function held(action: "go" | "step" | "end", otherwise: () => void = () => undefined): () => void {
  return () => {
    if (!goOnShown(action)) otherwise();
  };
}

const KEYS: Readonly<Record<string, () => void>> = {
  j: () => {
    moveSelection(1);
  },
  k: () => {
    moveSelection(-1);
  },
  c: actions.compare,
  x: ofServer(actions.clear),
  u: ofServer(actions.undo),
  Escape: actions.leave,
  "/": () => {
    // On a narrow screen it is in a menu.
    tree.getElementById("more-acts")?.showPopover();
    tree.getElementById("filter")?.focus();
  },
  v: () => {
    actions.view(viewAfter(state.value.view, 1, viewsOf(state.value)));
  },
  "?": () => {
    actions.help(true);
  },
  m: () => {
    actions.mine(!state.value.mine);
  },
  f: actions.stage,
  b: () => {
    if (state.value.stage) actions.black();
    else ofServer(togglePicked)();
  },
  // On the stage, where `b` is that of a clicker.
  B: ofServer(togglePicked),
  r: held("go"),
  e: held("end"),
  R: ofServer(letAllGo),
  ".": onStage(actions.black),
  n: held(
    "step",
    onStage(() => {
      actions.request(1);
    }),
  ),
  p: onStage(() => {
    actions.request(-1);
  }),
  z: actions.zoom,
  "+": zoom(ZOOM),
  "=": zoom(ZOOM),
  "-": zoom(1 / ZOOM),
  "0": () => {
    view.value = FIT;
  },
  " ": actions.play,
  ArrowRight: walk(1),
  PageDown: walk(1),
  ArrowLeft: walk(-1),
  PageUp: walk(-1),
  Home: () => {
    actions.seekEnd("first");
  },
  End: () => {
    actions.seekEnd("last");
  },
};

/** While two requests are compared; the arrows are the picture's own. */
const COMPARING: Readonly<Record<string, () => void>> = {
  c: actions.endComparing,
  Escape: actions.endComparing,
  "?": () => {
    actions.help(true);
  },
};

export function listenForKeys(): void {
  keyboard.addEventListener("keydown", (event) => {
    if (!(event instanceof KeyboardEvent)) return;
    const act = (state.value.compared === null ? KEYS : COMPARING)[event.key];
    if (act === undefined || event.defaultPrevented || isElsewhere(event)) return;
    event.preventDefault();
    act();
  });
}

/** What takes letters; the rest of the filter is part of it. */
const TYPING = [
  ".field",
  "textarea",
  "select",
  "[contenteditable]",
  "input:not([type=range], [type=checkbox], [type=radio], [type=button])",
].join();

/** Whether a key is the browser's, a field's, a button's or a dialog's, or single keys are switched off. */
function isElsewhere({ target, key, ctrlKey, metaKey, altKey, isComposing, repeat }: KeyboardEvent): boolean {
  const typing = target instanceof Element && target.closest(TYPING) !== null;
  const dialog = state.value.help || tree.querySelector(":popover-open, dialog[open]") !== null;
  const off = !state.value.keys && key.length === 1 && key !== "?";
  const presses = key === " " && target instanceof HTMLButtonElement;
  // A key that is held down clears once, and goes on by one step.
  const again = repeat && "xrnebBR".includes(key);
  return ctrlKey || metaKey || altKey || isComposing || typing || dialog || off || presses || again;
}
