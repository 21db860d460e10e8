/** The list of requests: their number, their rows, and notes on requests that are not in it. */

import type { JSX } from "preact";

import { lazy } from "../components/lazy";
import { actions } from "../state/actions";
import { state, visible } from "../state/store";
import { parse } from "../trace/filter";
import { rows } from "./current";
import { Rows } from "./Rows";

const Nothing = lazy("What to do", () => import("./Nothing"));

export function List(): JSX.Element {
  const { epoch, filter } = state.value;
  const hidden = filter.trim() !== "" && rows.value.every((row) => row.kind === "gap");
  return (
    <aside class="list" aria-label="Requests">
      <Head />
      {rows.value.length > 0 && !hidden ? <Rows /> : epoch === null ? <p class="nothing" /> : <Nothing />}
      <Foot />
    </aside>
  );
}

function Head(): JSX.Element {
  const { filter, traces, imported, kept, grouped } = state.value;
  const own = Math.max(kept, traces.length);
  const all = own + imported.length;
  const matches = visible.value.length + imported.filter(({ trace }) => parse(filter).matches(trace)).length;
  const more = imported.length === 0 ? "" : `, ${imported.length} imported`;
  return (
    <header>
      <span role="status">
        {filter.trim() === ""
          ? `${own} ${own === 1 ? "request" : "requests"}${more}`
          : `${matches} of ${all}`}
      </span>
      <button
        type="button"
        aria-pressed={grouped}
        title="Group requests under their initiators"
        onClick={() => {
          actions.group(!grouped);
        }}
      >
        Group
      </button>
    </header>
  );
}

/** Whose requests these are, and how many are not in the list. */
function Foot(): JSX.Element {
  const { evicted, tooLarge, skipped, ignored, map, process } = state.value;
  return (
    <footer>
      {map === null ? null : (
        <span class="about">
          {map.name} · Flask {map.versions["flask"]} · process {(process ?? map.process).pid}
        </span>
      )}
      {evicted > 0 ? (
        <span title="More than the server keeps: LIFECYCLE_MAX_TRACES">{evicted} requests evicted</span>
      ) : null}
      {tooLarge > 0 ? (
        <span title="Together larger than the server keeps: LIFECYCLE_MAX_BYTES">
          {tooLarge} of them for their size
        </span>
      ) : null}
      {skipped > 0 ? <span title="Evicted before they could be shown">skipped {skipped} updates</span> : null}
      {ignored > 0 ? (
        <span title="Excluded from recording: LIFECYCLE_IGNORE">{ignored} requests ignored</span>
      ) : null}
    </footer>
  );
}
