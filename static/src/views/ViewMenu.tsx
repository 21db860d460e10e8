/** A menu of views: of those that are no tab, or of all, where there is no room for tabs. */

import type { ComponentChildren, JSX } from "preact";
import { useRef } from "preact/hooks";

import "../styles/tabs.css";
import type { Trace } from "../api/types";
import { actions } from "../state/actions";
import { tree } from "../state/place";
import { current } from "../state/request";
import { state } from "../state/store";
import { viewsOf, type ViewName } from "../state/viewNames";
import { VIEWS } from "./table";
import { grouped } from "../trace/format";

interface ViewMenuProps {
  readonly views: readonly ViewName[];
  /** The open one, if it is among them. */
  readonly picked?: ViewName;
  readonly trace: Trace | null;
  readonly onGo: (view: ViewName) => void;
  readonly children: ComponentChildren;
}

export function ViewMenu({ views, picked, trace, onGo, children }: ViewMenuProps): JSX.Element | null {
  const menu = useRef<HTMLDivElement>(null);
  if (views.length === 0) return null;
  return (
    <>
      <button type="button" class="view-menu" popovertarget="view-menu" aria-haspopup="menu">
        {children} <span aria-hidden="true">▾</span>
      </button>
      <div
        ref={menu}
        id="view-menu"
        popover="auto"
        role="menu"
        aria-label="Views"
        onToggle={(event) => {
          if (event.newState !== "open") return;
          const checked = menu.current?.querySelector<HTMLElement>("[aria-checked='true']");
          (checked ?? menu.current?.querySelector("button"))?.focus();
        }}
        onKeyDown={(event) => {
          moveIn(menu.current, event);
        }}
      >
        {views.map((view) => (
          <button
            key={view}
            type="button"
            {...(picked === undefined
              ? { role: "menuitem" }
              : { role: "menuitemradio", "aria-checked": view === picked })}
            data-view-name={view}
            onClick={() => {
              menu.current?.hidePopover();
              onGo(view);
            }}
          >
            <Label view={view} trace={trace} />
            {VIEWS[view].count?.(trace ?? NONE) === 0 ? <span class="k">none</span> : null}
          </button>
        ))}
      </div>
    </>
  );
}

const NONE = { steps: [] as Trace["steps"] } as Trace;

/** The menu of all views, in place of tabs. */
export function AllViews(): JSX.Element {
  const { view } = state.value;
  return (
    <ViewMenu views={viewsOf(state.value)} picked={view} trace={current(state.value)} onGo={actions.view}>
      <span class="unseen">View: </span>
      {VIEWS[view].title}
    </ViewMenu>
  );
}

export function Label({
  view,
  trace,
}: {
  readonly view: ViewName;
  readonly trace: Trace | null;
}): JSX.Element {
  const count = trace === null ? 0 : (VIEWS[view].count?.(trace) ?? 0);
  return (
    <>
      {VIEWS[view].title}
      {count > 0 ? <span class="count">{grouped(count)}</span> : null}
    </>
  );
}

/** Move the focus among the items of a menu. */
function moveIn(menu: HTMLElement | null, event: KeyboardEvent): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (menu === null || by === undefined) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("button")];
  const at = items.indexOf(tree.activeElement as HTMLButtonElement);
  items.at((at + by) % items.length)?.focus();
}
