/** The button that opens the list of prepared requests. */

import type { JSX } from "preact";

import { DialogButton } from "../components/DialogButton";
import { lazy } from "../components/lazy";
import { state } from "../state/store";

const Talk = lazy("Talk", () => import("./Talk"));

export function TalkButton(): JSX.Element | null {
  // The speaker's window is a page of the server's.
  if (state.value.recorded !== null) return null;
  return <DialogButton name="Talk" title="Prepare requests for a talk" dialog={Talk} />;
}
