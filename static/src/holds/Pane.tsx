/** The drawer of a held request: how it goes on, and what there is at that moment. */

import type { ComponentChildren, JSX } from "preact";

import detailsStyles from "../styles/details.css?inline";
import holdsStyles from "../styles/holds.css?inline";
import { adopt } from "../components/adopt";
import { shownHeight } from "../state/inspector";
import { now, state } from "../state/store";
import { Controls } from "./Controls";
import { heldDetails, heldTrace } from "./store";
import { Columns } from "./Columns";
import { PANE } from "./id";

adopt(detailsStyles, holdsStyles);

interface PaneProps {
  /** What is shown in place of the columns: the inspector of a picked step. */
  readonly children?: ComponentChildren;
}

export default function Pane({ children }: PaneProps): JSX.Element | null {
  const trace = heldTrace();
  if (trace === null) return null;
  void now.value;
  const { stage } = state.value;
  const details = heldDetails(trace);
  return (
    <section
      id={PANE}
      class="held-pane"
      aria-label="Held request"
      data-view="held"
      style={stage ? undefined : { height: `${shownHeight()}px` }}
    >
      <Controls trace={trace} details={details} />
      {children ?? (details === null ? null : <Columns trace={trace} held={details.held} />)}
    </section>
  );
}
