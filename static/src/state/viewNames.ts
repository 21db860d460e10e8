/** The names of the views, as in the address and in `data-view`, in the order of their tabs. */

import type { Recording } from "../api/types";
import { hasProfile } from "../trace/recorded";

export const VIEW_NAMES = [
  "diagram",
  "timeline",
  "steps",
  "sql",
  "templates",
  "exception",
  "changes",
  "request",
  "response",
  "logs",
  "spans",
  "profile",
  "breakpoints",
  "app",
] as const;

export type ViewName = (typeof VIEW_NAMES)[number];

export const DIAGRAM = "diagram" satisfies ViewName;
/** The one that shows the app, and needs no request. */
export const APP = "app" satisfies ViewName;

/** Those that need no request. */
export const WITHOUT_REQUEST: ReadonlySet<ViewName> = new Set<ViewName>([APP, "breakpoints"]);

/** The view of this name; the diagram, if there is none. */
export function viewNamed(name: string | null, views: readonly ViewName[] = VIEW_NAMES): ViewName {
  return views.find((each) => each === name) ?? DIAGRAM;
}

/** Those of what a server does from now on. */
const OF_SERVER = "breakpoints" satisfies ViewName;

/** The views that there are: a recording has no server, and may be without its app and profiles. */
export function viewsOf({
  recorded,
  map,
}: {
  readonly recorded: Recording | null;
  readonly map: unknown;
}): readonly ViewName[] {
  if (recorded === null) return VIEW_NAMES;
  const has: Readonly<Partial<Record<ViewName, boolean>>> = {
    [OF_SERVER]: false,
    profile: hasProfile(recorded.traces),
    [APP]: map !== null,
  };
  return VIEW_NAMES.filter((name) => has[name] ?? true);
}

/** The next view, or the one before, from either end to the other. */
export function viewAfter(name: ViewName, by: 1 | -1 = 1, views: readonly ViewName[] = VIEW_NAMES): ViewName {
  return views.at((views.indexOf(name) + by) % views.length) ?? DIAGRAM;
}
