import { expect, test } from "vitest";

import { MAP } from "../../testing/traces";
import type { AppMap, Rule } from "../../api/types";
import { namesOf, phases, verdict } from "./phases";

const RULE = MAP.rules[0] as Rule;
const handler = (name: string, scope: string, what: string): AppMap["error_handlers"][number] => ({
  stage: "error_handler",
  name,
  callable: null,
  source: null,
  scope,
  for: what,
});
const map: AppMap = {
  ...MAP,
  error_handlers: [
    handler("a", "app", "404"),
    handler("b", "admin", "OutOfStock"),
    handler("c", "admin", "404"),
    handler("d", "other", "404"),
  ],
};

const named = (method: string): Record<string, string[]> =>
  Object.fromEntries(
    phases(map, RULE, method).map((phase) => [phase.title, phase.hooks.map((hook) => hook.name)]),
  );

test("a method that the rule takes meets all of its hooks, in Flask's order", () => {
  expect(verdict(RULE, "GET")).toBe("view");
  expect(named("GET")).toEqual({
    "Around Flask": ["ProxyFix"],
    "Before the view": ["load_user", "require_admin"],
    "The view": ["show"],
    "When an exception is raised": ["404: c", "404: a", "OutOfStock: b"],
    "After the view": ["no_store", "log_access"],
    "When the contexts are popped": ["release_lock", "close_db"],
  });
});

test("one that it does not take meets the app's alone", () => {
  expect(verdict(RULE, "PUT")).toBe("not allowed");
  expect(named("PUT")).toMatchObject({
    "Before the view": ["load_user"],
    "Not the view": [],
    "After the view": ["log_access"],
    "When an exception is raised": ["404: a"],
  });
});

test("no two rules have the same name", () => {
  const other = { ...RULE, methods: ["POST"] };
  expect(namesOf([RULE, other, { ...RULE, host: "b.example" }, other])).toEqual([
    "/admin/<int:id> admin.show",
    "/admin/<int:id> admin.show 2",
    "b.example/admin/<int:id> admin.show",
    "/admin/<int:id> admin.show 3",
  ]);
});
