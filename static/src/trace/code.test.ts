import { expect, it } from "vitest";

import { trace } from "../testing/traces";
import { codeOf } from "./code";

const source = { file: "app.py", line: 1 };
const place = { file: "app.py", line: 7 };
const { steps } = trace([
  ["request_context", "RequestContext", { source: null }],
  [
    "view",
    "index",
    { source },
    [
      ["sql", "SELECT 1", { source: null, detail: { place } }],
      ["sql", "COMMIT", { source: null, detail: { place: null } }],
      ["flash", "info", { source: null }],
      ["template", "page.html", { source: { file: "page.html", line: 1 } }],
    ],
  ],
  ["body", "body", { source: null, detail: { streamed: false } }],
  ["body_close", "close", { source: null }],
]);
const shown = (name: string): unknown[] => {
  const step = steps.find((each) => each.name === name);
  return step === undefined
    ? []
    : codeOf(step, steps).map((code) => [code.whose, code.step.name, "source" in code ? code.source : null]);
};

it("shows a step's own code, else that of the function in which it ran, and Flask's call of it", () => {
  expect(shown("index")).toEqual([
    ["own", "index", source],
    ["caller", "index", null],
  ]);
  expect(shown("page.html").map(String)).toHaveLength(2);
  expect(shown("SELECT 1")).toEqual([["own", "SELECT 1", place]]);
  expect(shown("COMMIT")).toEqual([["host", "index", source]]);
  expect(shown("info")).toEqual([
    ["host", "index", source],
    ["caller", "info", null],
  ]);
  expect(shown("RequestContext")).toEqual([["caller", "RequestContext", null]]);
});

it("has none of what only the server does, unless the app makes the body meanwhile", () => {
  expect(shown("close")).toEqual([]);
  expect(shown("body")).toEqual([]);
  const streamed = steps.map((each) =>
    each.stage === "body" ? { ...each, detail: { streamed: true } } : each,
  );
  const body = streamed.find(({ stage }) => stage === "body");
  expect(body && codeOf(body, streamed).map(({ step }) => step.name)).toEqual(["index"]);
});
