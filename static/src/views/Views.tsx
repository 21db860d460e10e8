/** The main area: a tab for each view, and the one that is picked. */

import type { ComponentType, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { Trace } from "../api/types";
import { lazy } from "../components/lazy";
import { actions } from "../state/actions";
import { current } from "../state/request";
import { state } from "../state/store";
import { APP, DIAGRAM, VIEW_NAMES, viewAfter, type ViewName } from "../state/viewNames";
import { Figure } from "./Figure";
import { VIEWS } from "./table";

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
  const missing = trace === null && view !== APP;
  const Shown = missing ? Empty : (COMPONENTS.get(view) ?? Empty);
  // Until the app has sent its requests, no text is shown.
  const asking = missing && epoch === null && connection !== "lost";
  return (
    <>
      {stage ? null : <Tabs picked={view} trace={trace} />}
      <div
        id="view"
        class="view"
        data-view={view}
        {...(stage ? {} : { role: "tabpanel", "aria-labelledby": `tab-${view}` })}
      >
        {asking ? null : <Shown key={view} />}
      </div>
    </>
  );
}

const MOVES: Readonly<Record<string, (from: ViewName) => ViewName | undefined>> = {
  ArrowRight: (from) => viewAfter(from),
  ArrowLeft: (from) => viewAfter(from, -1),
  Home: () => VIEW_NAMES[0],
  End: () => VIEW_NAMES.at(-1),
};

interface TabsProps {
  readonly picked: ViewName;
  readonly trace: Trace | null;
}

function Tabs({ picked, trace }: TabsProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector(`#tab-${picked}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [picked, trace?.steps.length]);
  const go = (view: ViewName): void => {
    actions.view(view);
    list.current?.querySelector<HTMLElement>(`#tab-${view}`)?.focus();
  };
  return (
    <div
      ref={list}
      class="tabs"
      role="tablist"
      aria-label="Views"
      onKeyDown={(event) => {
        const to = MOVES[event.key]?.(picked);
        if (to === undefined) return;
        event.preventDefault();
        go(to);
      }}
    >
      {VIEW_NAMES.map((view) => {
        const count = trace === null ? 0 : (VIEWS[view].count?.(trace) ?? 0);
        return (
          <button
            key={view}
            type="button"
            role="tab"
            id={`tab-${view}`}
            aria-controls="view"
            aria-selected={view === picked}
            tabIndex={view === picked ? 0 : -1}
            onClick={() => {
              go(view);
            }}
          >
            {VIEWS[view].title}
            {count > 0 ? <span class="count">{count}</span> : null}
          </button>
        );
      })}
    </div>
  );
}
