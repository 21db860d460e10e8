/** A tab for each view; the empty ones and those without room are in a menu. */

import type { JSX, Ref } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import "../styles/tabs.css";
import type { Trace } from "../api/types";
import { actions } from "../state/actions";
import { state } from "../state/store";
import { viewsOf, type ViewName } from "../state/viewNames";
import { Label, ViewMenu } from "./ViewMenu";
import { filledTabs, fittingTabs } from "./tabs";

const MOVES: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** On either side, as in the styles, px. */
const PADDING = 10;

interface TabsProps {
  readonly picked: ViewName;
  readonly trace: Trace | null;
}

export function Tabs({ picked, trace }: TabsProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const filled = filledTabs(trace, picked, viewsOf(state.value));
  const fitting = useFitting(list, filled, picked, trace);
  const go = (view: ViewName): void => {
    actions.view(view);
    // Once it is among the tabs.
    requestAnimationFrame(() => {
      list.current?.querySelector<HTMLElement>(`#tab-${view}`)?.focus();
    });
  };
  return (
    <div class="tabs">
      <div
        ref={list}
        class="shown"
        role="tablist"
        aria-label="Views"
        onKeyDown={(event) => {
          const to = MOVES[event.key]?.(fitting.indexOf(picked), fitting.length);
          const name = to === undefined ? undefined : fitting[to];
          if (name === undefined) return;
          event.preventDefault();
          go(name);
        }}
      >
        {filled.map((view) => (
          <button
            key={view}
            type="button"
            role="tab"
            id={`tab-${view}`}
            class={fitting.includes(view) ? undefined : "out"}
            aria-controls="view"
            aria-selected={view === picked}
            tabIndex={view === picked ? 0 : -1}
            onClick={() => {
              go(view);
            }}
          >
            <Label view={view} trace={trace} />
          </button>
        ))}
      </div>
      <ViewMenu
        views={viewsOf(state.value).filter((view) => !fitting.includes(view))}
        trace={trace}
        onGo={go}
      >
        More
      </ViewMenu>
    </div>
  );
}

/** The tabs that fit in their row, measured before each paint in which they may differ. */
function useFitting(
  list: Ref<HTMLDivElement> & { readonly current: HTMLDivElement | null },
  filled: readonly ViewName[],
  picked: ViewName,
  trace: Trace | null,
): readonly ViewName[] {
  const [fitting, setFitting] = useState(filled);
  const [room, setRoom] = useState(0);
  useLayoutEffect(() => {
    const row = list.current;
    if (row === null) return undefined;
    const observer = new ResizeObserver(() => {
      setRoom(roomOf(row));
    });
    observer.observe(row.parentElement ?? row);
    return () => {
      observer.disconnect();
    };
  }, []);
  useLayoutEffect(() => {
    const row = list.current;
    if (row === null) return;
    const widths = new Map(
      filled.map((name) => [name, row.querySelector<HTMLElement>(`#tab-${name}`)?.offsetWidth ?? 0] as const),
    );
    const fits = fittingTabs(filled, widths, picked, roomOf(row));
    if (fits.join() !== fitting.join()) setFitting(fits);
  }, [filled.join(), picked, room, trace?.steps.length]);
  return fitting.filter((name) => filled.includes(name));
}

/** The width of all tabs together, without that of the menu's button. */
function roomOf(row: HTMLElement): number {
  const bar = row.parentElement;
  const rest = bar?.querySelector<HTMLElement>(".view-menu")?.offsetWidth ?? 0;
  return (bar?.clientWidth ?? 0) - 2 * PADDING - rest;
}
