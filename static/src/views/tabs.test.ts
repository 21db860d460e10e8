// @vitest-environment happy-dom

import { expect, it } from "vitest";

import { trace } from "../testing/traces";
import { filledTabs, fittingTabs } from "./tabs";

it("leaves out views without anything to show, but never the open one", () => {
  const request = trace([["view", "index", {}, [["sql", "SELECT 1"]]]]);
  const always = ["diagram", "timeline", "steps", "sql", "request", "response", "app"];
  expect(filledTabs(request, "diagram")).toEqual(always);
  expect(filledTabs(request, "logs")).toEqual([...always.slice(0, 6), "logs", "app"]);
  expect(filledTabs(null, "app")).toEqual(["diagram", "timeline", "request", "response", "app"]);
});

it("keeps the open tab where there is no room, and the order", () => {
  const names = ["diagram", "timeline", "steps", "app"] as const;
  const widths = new Map(names.map((name) => [name, 48] as const));
  expect(fittingTabs(names, widths, "diagram", 200)).toEqual(names);
  expect(fittingTabs(names, widths, "diagram", 199)).toEqual(["diagram", "timeline", "steps"]);
  expect(fittingTabs(names, widths, "app", 120)).toEqual(["diagram", "app"]);
  expect(fittingTabs(names, widths, "app", 10)).toEqual(["app"]);
});
