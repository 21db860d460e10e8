/** How to see the text of bodies: the setting, and a switch for this run. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Copy } from "../components/Copy";
import { actions } from "../state/actions";
import type { BodiesState } from "../api/types";

const SETTING = 'app.config["LIFECYCLE_BODY_PREVIEW"] = True';

export function Bodies(): JSX.Element | null {
  const [on, setOn] = useState<boolean | null>(null);
  const look = (): void => {
    void actions.ask<BodiesState>("api/bodies").then((found) => {
      setOn(found?.on ?? null);
    });
  };
  useEffect(look, []);
  if (on === null) return null;
  const change = (
    <button
      type="button"
      onClick={() => {
        void actions.tell("api/bodies", on ? "DELETE" : "POST").then(look);
      }}
    >
      {on ? "Stop recording bodies" : "Record bodies for this run"}
    </button>
  );
  if (on)
    return (
      <p class="bodies k" role="status">
        The text of bodies is recorded from now on; of this request, it was not. {change}
      </p>
    );
  return (
    <details class="bodies">
      <summary>Show the text of bodies …</summary>
      <p>
        Form fields and JSON that the app parses are always recorded. The text of any other body that the app
        reads, and of responses, is recorded if you ask for it: redacted, and its beginning alone.
      </p>
      <p>{change} until the app restarts.</p>
      <p>
        In each run: <code>{SETTING}</code> <Copy name="Copy" text={SETTING} />
      </p>
    </details>
  );
}
