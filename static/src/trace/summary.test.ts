import { expect, it } from "vitest";

import { step, summary, trace } from "../testing/traces";
import { summarize } from "./summary";

const recorded = trace([["view", "index"]]);

it("has what the file says of a request", () => {
  const { strip, counts, flags, changed } = summary("a", {
    strip: [["view", 0, 5]],
    counts: { sql: 2 },
    flags: [["sql", "2× same query", "The same statement was sent 2 times with the same parameters."]],
    changed: { g: ["user"] },
  });
  expect(summarize({ ...recorded, strip, counts, flags, changed })).toMatchObject({
    id: recorded.id,
    ...{ strip, counts, flags, changed },
    step_count: recorded.steps.length,
  });
});

it("has a row for a request of an older file", () => {
  expect(summarize(recorded)).toMatchObject({ strip: [], counts: {}, flags: [], changed: {} });
});

it("is finished, even if it was running when it was saved", () => {
  const steps = [step(0, { stage: "wsgi", begin: 0, end: null }), step(1, { begin: 40, end: 90 })];
  expect(summarize({ ...recorded, state: "running", duration: null, steps })).toMatchObject({
    state: "done",
    duration: 90,
  });
});
