import { expect, it } from "vitest";

import { trace } from "../testing/traces";
import { stepsOf } from "./steps";

it("indexes the steps of a trace once, for every frame of a replay", () => {
  const whole = trace([["view", "index", {}, [["sql", "SELECT 1"]]]]);
  const steps = stepsOf(whole);
  expect(stepsOf({ ...whole, state: "running" })).toBe(steps);
  expect(stepsOf({ ...whole, steps: whole.steps.slice(0, -1) })).not.toBe(steps);
  const [view] = steps.of("view");
  expect(view?.name).toBe("index");
  // What ran inside a view is not on the wire.
  expect(steps.of("sql")).toEqual([]);
  expect(view === undefined ? [] : steps.childrenOf(view).map(({ name }) => name)).toEqual(["SELECT 1"]);
});
