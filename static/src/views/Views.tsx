/** The main area: a tab for each view, and the one that is picked. */

import type { ComponentType, JSX } from "preact";

import { lazy } from "../components/lazy";
import { narrow } from "../components/narrow";
import { host } from "../state/place";
import { current } from "../state/request";
import { state } from "../state/store";
import { DIAGRAM, VIEW_NAMES, WITHOUT_REQUEST, type ViewName } from "../state/viewNames";
import { Figure } from "./Figure";
import { Head } from "./Head";
import { VIEWS } from "./table";
import { Tabs } from "./Tabs";

const Empty = lazy("What to do", () => import("./Empty"));
const COMPONENTS: ReadonlyMap<ViewName, ComponentType> = new Map(
  VIEW_NAMES.map((name) => {
    const { title, load } = VIEWS[name];
    return [name, load === undefined ? Figure : lazy(title, load)];
  }),
);

export function Views(): JSX.Element {
  const { stage, epoch, connection } = state.value;
  const view = stage ? DIAGRAM : state.value.view;
  const trace = current(state.value);
  const missing = trace === null && !WITHOUT_REQUEST.has(view);
  const Shown = missing ? Empty : (COMPONENTS.get(view) ?? Empty);
  // An element has no bar above that has them in a menu.
  const tabs = !stage && (!narrow.value || host !== null);
  // Until the app has sent its requests, no text is shown.
  const asking = missing && epoch === null && connection !== "lost";
  return (
    <>
      {tabs ? <Tabs picked={view} trace={trace} /> : null}
      {stage || trace === null || WITHOUT_REQUEST.has(view) ? null : <Head trace={trace} />}
      <div
        id="view"
        class="view"
        data-view={view}
        {...(tabs ? { role: "tabpanel", "aria-labelledby": `tab-${view}` } : {})}
      >
        {asking ? null : <Shown key={view} />}
      </div>
    </>
  );
}
