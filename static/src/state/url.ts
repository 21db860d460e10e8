/** The address: `?view=<name>&q=<filter>&rule=<rule>&compare=<a>..<b>…#<trace>/<step>`. */

import { whole } from "../trace/filter";
import { comparisonIn } from "../trace/recorded";
import { pairingNamed, pairingText } from "./comparing";
import { importedOf } from "./request";
import { select, setFollow } from "./selection";
import { differ, EMPTY, type AppQuery, type Pairing, type State } from "./state";
import { change, onChange } from "./store";
import { APP, DIAGRAM, viewNamed, viewsOf } from "./viewNames";

/** Browsers are slow to change the address, and limit how often that is done: so many ms lie between. */
const PACE = 250;
let written = -PACE;
let writing: ReturnType<typeof setTimeout> | undefined;
let pending: (() => void) | null = null;
let reading = false;

/** Keep the address and the state in sync from now on. */
export function followAddress(): void {
  read();
  addEventListener("popstate", read);
  onChange((next, before) => {
    if (!reading && differ(next, before, "selected", "follow", "step", "filter", "view", "app", "compared"))
      write(next, before);
  });
}

/** Open what the address names. */
function read(): void {
  // A pending write belongs to the previous address.
  cancel();
  reading = true;
  change((state) => fromAddress(state, location));
  reading = false;
}

export function fromAddress(
  state: State,
  { search, hash }: { readonly search: string; readonly hash: string },
): State {
  const query = new URLSearchParams(search);
  const named: State = {
    ...state,
    filter: whole(query.get("q") ?? ""),
    view: viewNamed(query.get("view"), viewsOf(state)),
    app: appQuery(query),
    compared: comparedIn(state, pairingNamed(query.get("compare"))),
    comparedStep: null,
  };
  const [id, step] = hash.slice(1).split("/");
  if (id) return select(named, id, step && /^\d+$/.test(step) ? Number(step) : null);
  return importedOf(named, named.selected) === undefined ? setFollow(named, true) : named;
}

/** What a recording has no comparison of is not compared. */
function comparedIn({ recorded }: State, pairing: Pairing | null): Pairing | null {
  if (recorded === null || pairing === null) return pairing;
  return comparisonIn(recorded, pairing.a, pairing.b) === undefined ? null : pairing;
}

function appQuery(query: URLSearchParams): AppQuery {
  return {
    part: query.get("part") === "about" ? "about" : "rules",
    rule: query.get("rule"),
    method: query.get("method"),
    path: query.get("path") ?? "",
    never: query.has("never"),
  };
}

/** The query and fragment of the address. */
export function toAddress(state: State): string {
  const query = new URLSearchParams();
  if (state.view !== DIAGRAM) query.set("view", state.view);
  if (state.filter.trim() !== "") query.set("q", state.filter.trim());
  if (state.view === APP) for (const [name, value] of changed(state.app)) query.set(name, value);
  if (state.compared !== null) query.set("compare", pairingText(state.compared));
  const named = state.selected !== null && !state.follow && importedOf(state, state.selected) === undefined;
  const step = state.step === null ? "" : `/${state.step}`;
  return `${query.size === 0 ? "" : `?${query}`}${named ? `#${state.selected}${step}` : ""}`;
}

/** The parts of the App view's query that differ from the default. */
function changed(app: AppQuery): readonly (readonly [name: string, value: string])[] {
  return Object.entries(app).flatMap(([name, value]) =>
    value === EMPTY.app[name as keyof AppQuery] || value === null ? [] : [[name, String(value)] as const],
  );
}

function write(next: State, before: State): void {
  // The back button leads to another view or rule, not through each request and letter.
  const turned = differ(next, before, "view", "compared") || differ(next.app, before.app, "rule", "part");
  const address = `${location.pathname}${toAddress(next)}`;
  const go = (): void => {
    cancel();
    if (address === location.href.slice(location.origin.length)) return;
    history[turned ? "pushState" : "replaceState"](null, "", address);
    written = performance.now();
  };
  if (turned) {
    pending?.();
    go();
    return;
  }
  cancel();
  pending = go;
  // Draw the selection first.
  writing = setTimeout(go, Math.max(0, written + PACE - performance.now()));
}

function cancel(): void {
  clearTimeout(writing);
  pending = null;
}
