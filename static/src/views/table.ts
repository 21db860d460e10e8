/** The views of the main area. Each but the first is a chunk of its own, with its styles. */

import type { ComponentType } from "preact";

import type { Trace } from "../api/types";
import { breakpoints } from "../holds/store";
import type { ViewName } from "../state/viewNames";
import { isPart } from "../trace/details";
import { isStatement } from "../trace/transactions";

export interface View {
  readonly title: string;
  /** Fetches it; the diagram comes with the page. */
  readonly load?: () => Promise<{ default: ComponentType }>;
  /** Whether it is always in the menu of further views. */
  readonly rare?: boolean;
  /** How many of what it shows the request has, for the tab; 0 shows no number. */
  readonly count?: (trace: Trace) => number;
}

function count(...stages: readonly string[]): (trace: Trace) => number {
  return (trace) => trace.steps.filter((step) => stages.includes(step.stage)).length;
}

function countDetail(name: string): (trace: Trace) => number {
  return (trace) => trace.steps.filter((step) => step.detail[name] !== undefined).length;
}

export const VIEWS: Readonly<Record<ViewName, View>> = {
  diagram: { title: "Diagram" },
  timeline: { title: "Timeline", load: () => import("./timeline/Timeline") },
  steps: { title: "Steps", load: () => import("./Steps"), count: (trace) => trace.steps.length },
  request: { title: "Request", load: () => import("./Request") },
  response: { title: "Response", load: () => import("./Response") },
  changes: { title: "Changes", load: () => import("./Changes"), count: countDetail("changes") },
  sql: {
    title: "SQL",
    load: () => import("./Sql"),
    count: (trace) => trace.steps.filter(isStatement).length,
  },
  templates: {
    title: "Templates",
    load: () => import("./Templates"),
    count: (trace) => trace.steps.filter((step) => step.stage === "template" && !isPart(step)).length,
  },
  spans: { title: "Spans", load: () => import("./Spans"), count: count("span") },
  logs: { title: "Logs", load: () => import("./Logs"), count: count("log", "warning", "flash") },
  exception: { title: "Exceptions", load: () => import("./Exception"), count: countDetail("exception") },
  profile: { title: "Profile", rare: true, load: () => import("./profile/Profile") },
  breakpoints: {
    title: "Breakpoints",
    load: () => import("../holds/Breakpoints"),
    count: () => breakpoints.value.breakpoints.length,
  },
  app: { title: "App", load: () => import("./app/App") },
};
