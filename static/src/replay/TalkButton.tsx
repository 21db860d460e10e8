/** The button that opens the list of prepared requests. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { lazy } from "../components/lazy";

const Talk = lazy("Talk", () => import("./Talk"));

export function TalkButton(): JSX.Element {
  const [open, setOpen] = useState(false);
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
