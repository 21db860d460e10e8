import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import helpStyles from "../styles/help.css?inline";
import { adopt } from "../components/adopt";
import { actions } from "../state/actions";
import { state } from "../state/store";
import { Legend } from "./Legend";

adopt(helpStyles);

const KEYS: readonly (readonly [string, string])[] = [
  ["j k", "older and newer requests"],
  ["← →", "previous and next step (also Page Up and Page Down)"],
  ["Home End", "first and last moment"],
  ["Space", "play or pause"],
  ["f", "presentation mode; at the end, a clicker’s keys go on to the next prepared request"],
  ["b", "set or remove a breakpoint at the selected step (in presentation mode, ⇧B)"],
  ["r", "let the held request go on"],
  ["n e", "run the held request to the next step, or to the end of this one"],
  ["⇧R", "let all held requests go on"],
  ["b .", "black screen (presentation mode)"],
  ["n p", "next and previous prepared request (presentation mode, if none is held)"],
  ["z", "zoom to the step"],
  ["+ − 0", "zoom in, zoom out, whole diagram (also Ctrl and wheel, pinch)"],
  ["v", "next view"],
  ["m", "my code only: fold the hooks of packages"],
  ["c", "compare with the last request like this one; if there is none, mark it and pick another"],
  ["/", "filter; Enter or Esc goes back to the list’s keys"],
  ["x", "clear all requests"],
  ["u", "restore what was cleared"],
  ["?", "this help"],
  ["Esc", "back"],
];

/** A recording has none of these. */
const OF_SERVER: ReadonlySet<string> = new Set(["b", "r", "n e", "⇧R", "x", "u"]);

/** The keyboard shortcuts with their switch, and the legend of the diagram. */
export default function Help(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const { keys, recorded } = state.value;
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label="Keyboard shortcuts and legend"
      onClose={() => {
        actions.help(false);
      }}
    >
      <div class="helps">
        <section>
          <h2>Keyboard shortcuts</h2>
          <dl>
            {KEYS.filter(([key]) => recorded === null || !OF_SERVER.has(key)).map(([key, does]) => (
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
            Single-key shortcuts
          </label>
        </section>
        <Legend />
      </div>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
