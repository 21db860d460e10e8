// @vitest-environment happy-dom

import { h, render } from "preact";
import { expect, it } from "vitest";

import { EMPTY } from "../state/state";
import { change } from "../state/store";
import { summary, trace } from "../testing/traces";
import type { Step } from "../api/types";
import Sql from "./Sql";

const asked = (line: number): readonly ["sql", string, Partial<Step>] => [
  "sql",
  "SELECT ?",
  { detail: { statement: "SELECT ?", parameters: [1], place: { file: "app.py", line } } },
];

it("says of what was asked twice where it was each time", () => {
  const { steps } = trace([
    ["before_request", "load", {}, [asked(1)]],
    ["view", "index", {}, [asked(2), asked(2)]],
  ]);
  change(() => ({
    ...EMPTY,
    epoch: "one",
    traces: [summary("a")],
    kept: 1,
    selected: "a",
    steps: new Map([["a", steps]]),
  }));
  const box = document.createElement("div");
  render(h(Sql, {}), box);
  expect(box.querySelector(".often")?.textContent).toMatch(
    /^3 times, .* from app.py:1 in load, from app.py:2 in index, /u,
  );
});
