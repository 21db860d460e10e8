/** The list of requests: their number, their rows, and notes on requests that are not in it. */

import type { JSX } from "preact";

import { lazy } from "../components/lazy";
import { narrow } from "../components/narrow";
import { Separator } from "../components/Separator";
import { actions } from "../state/actions";
import { state, visible, visibleImported } from "../state/store";
import type { DrawnPart } from "../api/types";
import { whole, words } from "../trace/filter";
import { grouped, plural } from "../trace/format";
import { counted, flagged, rows } from "./current";
import { resize, width, WIDTH } from "./geometry";
import { Rows } from "./Rows";
import { Marked } from "./Marked";
import * as sheet from "./sheet";
import { Undo } from "./Undo";

const Nothing = lazy("What to do", () => import("./Nothing"));

/** The id of the list, for the separator at its side. */
const LIST = "list";

export function List(): JSX.Element {
  const isSheet = narrow.value;
  const isClosed = isSheet && sheet.stop.value === "closed" && !sheet.isPulled.value;
  return (
    <aside
      class={`list${isSheet ? " sheet" : ""}${sheet.isPulled.value ? " pulled" : ""}`}
      id={LIST}
      aria-label="Requests"
      style={isSheet ? { height: `${sheet.height.value}px` } : { width: `${width.value}px` }}
      onKeyDown={(event) => {
        if (!isSheet || isClosed || event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault();
        sheet.close();
      }}
    >
      <Head isSheet={isSheet} />
      <Undo />
      <Marked />
      {/* What is out of sight is not for the keyboard, either. */}
      <div class="rest" inert={isClosed}>
        <Content />
        <Foot />
      </div>
      {isSheet ? null : (
        <Separator
          label="Width of the list"
          controls={LIST}
          orientation="vertical"
          value={width.value}
          {...WIDTH}
          onChange={resize}
        />
      )}
    </aside>
  );
}

function Content(): JSX.Element {
  const { epoch, filter } = state.value;
  const hidden = filter.trim() !== "" && rows.value.every(({ kind }) => kind === "gap" || kind === "restart");
  if (rows.value.length > 0 && !hidden) return <Rows />;
  return epoch === null ? <p class="nothing" /> : <Nothing />;
}

const SAYS: Readonly<Record<sheet.Stop, string>> = { closed: "closed", half: "half open", full: "open" };
const MOVES: Readonly<Record<string, 1 | -1>> = { ArrowUp: 1, ArrowDown: -1 };

/** By which the sheet is pulled; a tap or a key moves it to its next height. */
function Handle(): JSX.Element {
  const at = sheet.stop.value;
  return (
    <button
      type="button"
      class="handle"
      aria-controls={LIST}
      aria-expanded={at !== "closed"}
      aria-label={`List of requests, ${SAYS[at]}`}
      title="Pull it up, or press ↑ and ↓"
      onClick={sheet.next}
      onKeyDown={(event) => {
        const by = MOVES[event.key];
        if (by === undefined) return;
        event.preventDefault();
        sheet.move(by);
      }}
    />
  );
}

function Head({ isSheet }: { readonly isSheet: boolean }): JSX.Element {
  const byPage = state.value.grouped;
  return (
    <header {...(isSheet ? { onPointerDown: sheet.pull } : {})}>
      {isSheet ? <Handle /> : null}
      <div class="counts">
        <span role="status">
          <Count />
        </span>
        <NeedALook />
      </div>
      <button
        type="button"
        aria-pressed={byPage}
        title="Group requests under the page that sent them"
        onClick={() => {
          actions.group(!byPage);
        }}
      >
        By page
      </button>
    </header>
  );
}

/** The number of requests; under a filter, of those that match. */
function Count(): JSX.Element {
  const { filter, imported, next } = state.value;
  const { requests, files } = counted.value;
  // There are older ones, which come when the list is scrolled to its end.
  const more = next === null || next === "" ? "" : "+";
  const total = requests + files + imported.length;
  if (filter.trim() === "" || total === 0)
    return (
      <>
        <b title={files === 0 ? undefined : `and ${plural(files, "static file")}`}>
          {more === "" ? plural(requests, "request") : `${grouped(requests)}+ requests`}
        </b>
        {imported.length === 0 ? "" : `, ${grouped(imported.length)} imported`}
      </>
    );
  const matches = visible.value.length + visibleImported.value.length;
  return (
    <>
      <b>{grouped(matches)}</b> of {grouped(total)}
      {more}
    </>
  );
}

const FLAGGED = "is:flagged";

/** The number of requests with flags; a click filters by them. */
function NeedALook(): JSX.Element | null {
  const count = flagged.value;
  const on = words(state.value.filter).includes(FLAGGED);
  if (count === 0 && !on) return null;
  return (
    <button
      type="button"
      class="look"
      aria-pressed={on}
      title={on ? "Show all requests" : `Show only these (${FLAGGED})`}
      onClick={toggleFlagged}
    >
      {grouped(count)} {count === 1 ? "needs" : "need"} a look
    </button>
  );
}

function toggleFlagged(): void {
  const terms = words(state.value.filter);
  const rest = terms.filter((term) => term !== FLAGGED);
  actions.filter(whole((rest.length < terms.length ? rest : [...terms, FLAGGED]).join(" ")));
}

/** What the colours of the strips mean, and how many requests are not in the list. */
function Foot(): JSX.Element {
  return (
    <footer>
      <Missing />
      <ul aria-label="Colors of the strips">
        {LEGEND.map(([kind, name]) => (
          <li key={kind}>
            <i class={kind} />
            {name}
          </li>
        ))}
      </ul>
    </footer>
  );
}

const LEGEND: readonly (readonly [kind: DrawnPart[0], name: string])[] = [
  ["before", "hooks"],
  ["sql", "SQL"],
  ["view", "view"],
  ["template", "template"],
  ["after", "after"],
];

function Missing(): JSX.Element {
  const { evicted, tooLarge, skipped, ignored, map, process } = state.value;
  return (
    <>
      {map === null ? null : (
        <span class="about unseen">
          {map.name} · Flask {map.versions["flask"]} · process {(process ?? map.process).pid}
        </span>
      )}
      {evicted > 0 ? (
        <span title="More than the server stores (LIFECYCLE_MAX_TRACES)">
          {plural(evicted, "request")} evicted
        </span>
      ) : null}
      {tooLarge > 0 ? (
        <span title="Together larger than the server stores (LIFECYCLE_MAX_BYTES)">
          {grouped(tooLarge)} of them for their size
        </span>
      ) : null}
      {skipped > 0 ? (
        <span title="Evicted before they could be displayed">{plural(skipped, "update")} skipped</span>
      ) : null}
      {ignored > 0 ? (
        <span title="Excluded from recording (LIFECYCLE_IGNORE)">{plural(ignored, "request")} ignored</span>
      ) : null}
    </>
  );
}
