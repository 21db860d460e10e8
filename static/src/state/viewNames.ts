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
  "app",
] as const;

export type ViewName = (typeof VIEW_NAMES)[number];

export const DIAGRAM = "diagram" satisfies ViewName;
/** The one that shows the app, and needs no request. */
export const APP = "app" satisfies ViewName;

/** The view of this name; the diagram, if there is none. */
export function viewNamed(name: string | null): ViewName {
  return VIEW_NAMES.find((each) => each === name) ?? DIAGRAM;
}

/** The next view, or the one before, from either end to the other. */
export function viewAfter(name: ViewName, by: 1 | -1 = 1): ViewName {
  return VIEW_NAMES.at((VIEW_NAMES.indexOf(name) + by) % VIEW_NAMES.length) ?? DIAGRAM;
}
