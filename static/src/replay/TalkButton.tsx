/** The button that opens the list of prepared requests. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { lazy } from "../components/lazy";
import { state } from "../state/store";

const Talk = lazy("Talk", () => import("./Talk"));

export function TalkButton(): JSX.Element | null {
  const [open, setOpen] = useState(false);
  // The speaker's window is a page of the server's.
  if (state.value.recorded !== null) return null;
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        aria-expanded={open}
        title="Prepare requests for a talk"
        onClick={() => {
          setOpen(true);
        }}
      >
        Talk
      </button>
      {open ? (
        <Talk
          onClose={() => {
            setOpen(false);
          }}
        />
      ) : null}
    </>
  );
}
