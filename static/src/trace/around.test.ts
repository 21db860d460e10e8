import { expect, it } from "vitest";

import { trace } from "../testing/traces";
import { nextStep, ownTime, runningLine, sqlIn } from "./around";
import type { Step } from "../api/types";

const place = (line: number): Partial<Step> => ({ detail: { place: { file: "app.py", line } } });
const { steps } = trace([
  [
    "view",
    "index",
    {},
    [
      ["sql", "SELECT 1", place(7)],
      ["template", "page.html", {}, [["sql", "SELECT 2", place(90)]]],
    ],
  ],
  ["after_request", "later"],
]);
const view = steps.find((step) => step.stage === "view");

it("tells a step's own time from that of the steps inside it, each moment once", () => {
  const at = (id: number, parent: number | null, begin: number, end: number): Step => ({
    ...(steps[0] as Step),
    id,
    parent,
    begin,
    end,
  });
  const inside = [
    at(0, null, 0, 100),
    at(1, 0, 10, 50),
    at(2, 0, 20, 40),
    at(3, 0, 45, 80),
    at(4, 1, 11, 12),
  ];
  expect(ownTime(inside[0] as Step, inside)).toBe(30);
});

it("finds the statements inside, the step after, and the line that sent the longest", () => {
  if (view === undefined) throw new Error("no view");
  expect(sqlIn(view, steps).map((step) => step.name)).toEqual(["SELECT 1", "SELECT 2"]);
  expect(nextStep(view, steps)?.name).toBe("later");
  expect(runningLine(view, steps, { file: "app.py", line: 5, lines: 9 })).toBe(7);
  expect(runningLine(view, steps, { file: "app.py", line: 8, lines: 9 })).toBe(null);
  const frames = [
    { file: "app.py", line: 9 },
    { file: "other.py", line: 9 },
  ];
  const raised = { ...view, detail: { exception: { frames } } };
  expect(runningLine(raised, steps, { file: "app.py", line: 5, lines: 9 })).toBe(9);
});
