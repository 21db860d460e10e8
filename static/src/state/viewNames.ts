/** The names of the views, as in the address and in `data-view`, in the order of their tabs. */

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
const OF_SERVER: ReadonlySet<ViewName> = new Set<ViewName>(["profile", "breakpoints"]);

/** The views that there are: a recording has no server, and may be without its app. */
export function viewsOf(state: { readonly recorded: unknown; readonly map: unknown }): readonly ViewName[] {
  return VIEW_NAMES.filter(
    (name) => state.recorded === null || (!OF_SERVER.has(name) && (name !== APP || state.map !== null)),
  );
}

/** The next view, or the one before, from either end to the other. */
export function viewAfter(name: ViewName, by: 1 | -1 = 1, views: readonly ViewName[] = VIEW_NAMES): ViewName {
  return views.at((views.indexOf(name) + by) % views.length) ?? DIAGRAM;
}
