import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import helpStyles from "../styles/help.css?inline";
import { adopt } from "../components/adopt";
import { actions } from "../state/actions";
import { state } from "../state/store";

adopt(helpStyles);

const KEYS: readonly (readonly [string, string])[] = [
  ["j k", "older and newer requests"],
  ["← →", "earlier and later steps (also PageUp, PageDown: a clicker)"],
  ["Home End", "the first and the last moment"],
  ["Space", "play and stop"],
  ["f", "the stage: diagram and captions alone"],
  ["z", "look at the step from near"],
  ["+ − 0", "nearer, further, all of the diagram (also Ctrl and wheel, two fingers)"],
  ["v", "the next view"],
  ["/", "filter"],
  ["x", "clear"],
  ["?", "this help"],
  ["Esc", "back"],
];

/** What the keys do, and the switch that turns the single ones off. */
export default function Help(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const { keys } = state.value;
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label="Keys"
      onClose={() => {
        actions.help(false);
      }}
    >
      <h2>Keys</h2>
      <dl>
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>
              {key.split(" ").map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label>
        <input
          type="checkbox"
          checked={keys}
          onChange={(event) => {
            actions.keys(event.currentTarget.checked);
          }}
        />{" "}
        Single keys are on
      </label>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
