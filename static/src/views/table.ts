/** The views of the main area, in the order of their tabs. Each but the first is a chunk of its own, with its styles. */

import type { ComponentType } from "preact";

import { isStatement } from "../diagram/transactions";
import type { Trace } from "../types";
import { isPart } from "./collected";

export interface View {
  /** As in the address, and in `data-view`. */
  readonly name: string;
  readonly title: string;
  /** Fetches it; the diagram comes with the page. */
  readonly load?: () => Promise<{ default: ComponentType }>;
  /** Whether it is of the app, and needs no request. */
  readonly ofApp?: boolean;
  /** How many of what it shows the request has, for the tab; 0 shows no number. */
  readonly count?: (trace: Trace) => number;
}

function counted(...stages: readonly string[]): (trace: Trace) => number {
  return (trace) => trace.steps.filter((step) => stages.includes(step.stage)).length;
}

export const DIAGRAM = "diagram";

export const VIEWS: readonly View[] = [
  { name: DIAGRAM, title: "Diagram" },
  { name: "timeline", title: "Timeline", load: () => import("./Timeline") },
  { name: "steps", title: "Steps", load: () => import("./Steps"), count: (trace) => trace.steps.length },
  { name: "request", title: "Request", load: () => import("./Request") },
  { name: "response", title: "Response", load: () => import("./Response") },
  {
    name: "changes",
    title: "Changes",
    load: () => import("./Changes"),
    count: (trace) => trace.steps.filter((step) => step.detail["changes"] !== undefined).length,
  },
  {
    name: "sql",
    title: "SQL",
    load: () => import("./Sql"),
    count: (trace) => trace.steps.filter(isStatement).length,
  },
  {
    name: "templates",
    title: "Templates",
    load: () => import("./Templates"),
    count: (trace) => trace.steps.filter((step) => step.stage === "template" && !isPart(step)).length,
  },
  { name: "spans", title: "Spans", load: () => import("./Spans"), count: counted("span") },
  { name: "logs", title: "Logs", load: () => import("./Logs"), count: counted("log", "warning", "flash") },
  {
    name: "exception",
    title: "Exceptions",
    load: () => import("./Exception"),
    count: (trace) => trace.steps.filter((step) => step.detail["exception"] !== undefined).length,
  },
  { name: "profile", title: "Profile", load: () => import("./Profile") },
  { name: "app", title: "App", load: () => import("./App"), ofApp: true },
];

/** The view of this name; the diagram, if there is none. */
export function viewOf(name: string | null): View {
  return VIEWS.find((view) => view.name === name) ?? (VIEWS[0] as View);
}

/** The one after it, round and round. */
export function viewAfter(name: string, by: 1 | -1 = 1): View {
  const at = VIEWS.findIndex((view) => view.name === name);
  return VIEWS[(at + by + VIEWS.length) % VIEWS.length] as View;
}
