import type { ComponentType, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { current } from "../state";
import { actions, state } from "../store";
import type { Trace } from "../types";
import { Figure } from "./Figure";
import { lazy } from "./lazy";
import { DIAGRAM, VIEWS, viewAfter, viewOf, type View } from "./table";

const Empty = lazy("What to do", () => import("./Empty"));
const COMPONENTS: ReadonlyMap<string, ComponentType> = new Map(
  VIEWS.map(({ name, title, load }) => [name, load === undefined ? Figure : lazy(title, load)]),
);

/** The main area: a tab for each view, and the one that is picked. */
export function Views(): JSX.Element {
  const { stage, epoch, connection } = state.value;
  const view = stage ? viewOf(DIAGRAM) : viewOf(state.value.view);
  const trace = current(state.value);
  const missing = trace === null && !view.ofApp;
  const Shown = missing ? Empty : (COMPONENTS.get(view.name) ?? Empty);
  // Until the app has said what there is, nothing is told of it.
  const asking = missing && epoch === null && connection !== "lost";
  return (
    <>
      {stage ? null : <Tabs picked={view} trace={trace} />}
      <div
        id="view"
        class="view"
        data-view={view.name}
        {...(stage ? {} : { role: "tabpanel", "aria-labelledby": `tab-${view.name}` })}
      >
        {asking ? null : <Shown key={view.name} />}
      </div>
    </>
  );
}

function Tabs({ picked, trace }: { readonly picked: View; readonly trace: Trace | null }): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current
      ?.querySelector(`#tab-${picked.name}`)
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [picked.name, trace?.steps.length]);
  const go = (view: View): void => {
    actions.view(view.name);
    list.current?.querySelector<HTMLElement>(`#tab-${view.name}`)?.focus();
  };
  const keys: Record<string, () => View> = {
    ArrowRight: () => viewAfter(picked.name),
    ArrowLeft: () => viewAfter(picked.name, -1),
    Home: () => VIEWS[0] as View,
    End: () => VIEWS.at(-1) as View,
  };
  return (
    <div
      ref={list}
      class="tabs"
      role="tablist"
      aria-label="Views"
      onKeyDown={(event) => {
        const to = keys[event.key]?.();
        if (to === undefined) return;
        event.preventDefault();
        go(to);
      }}
    >
      {VIEWS.map((view) => {
        const count = trace === null ? 0 : (view.count?.(trace) ?? 0);
        return (
          <button
            key={view.name}
            type="button"
            role="tab"
            id={`tab-${view.name}`}
            aria-controls="view"
            aria-selected={view === picked}
            tabIndex={view === picked ? 0 : -1}
            onClick={() => {
              go(view);
            }}
          >
            {view.title}
            {count > 0 ? <span class="count">{count}</span> : null}
          </button>
        );
      })}
    </div>
  );
}
