import { expect, test } from "vitest";

import { readTrace } from "./import";
import { typical } from "../testing/traces";

const broken = (
  change: (trace: Record<string, unknown> & { steps: Record<string, unknown>[] }) => void,
): string | object => {
  const copy = structuredClone(typical()) as unknown as Record<string, unknown> & {
    steps: Record<string, unknown>[];
  };
  change(copy);
  return readTrace(JSON.stringify(copy));
};

test("what the panel has downloaded is read as it was", () => {
  expect(readTrace(JSON.stringify(typical()))).toEqual(typical());
});

test("sentences are read where there are any", () => {
  const told = typical();
  const steps = told.steps.map((step) => ({ ...step, explain: "It ran." }));
  expect(readTrace(JSON.stringify({ ...told, steps }))).toEqual({ ...told, steps });
  expect(
    broken((trace) => {
      Object.assign(trace.steps[3] ?? {}, { explain: 7 });
    }),
  ).toBe("steps[3].explain is 7; it takes a text.");
});

test("what is wrong is named, with its place and what it takes", () => {
  expect(readTrace('{"id": ')).toMatch(/^it is not JSON: /);
  expect(readTrace("[]")).toBe("it holds [], not one request as the panel downloads it.");
  expect(readTrace('{"log": {}}')).toMatch(/HTTP archive/);
  expect(
    broken((trace) => {
      delete trace["method"];
    }),
  ).toBe("method is not there; it takes a text.");
  expect(
    broken((trace) => {
      trace["status"] = "200";
    }),
  ).toBe('status is "200"; it takes a whole number or null.');
  expect(
    broken((trace) => {
      trace.steps = {} as never;
    }),
  ).toBe("steps is {}; it takes a list.");
  expect(
    broken((trace) => {
      trace.steps[3] = null as never;
    }),
  ).toBe("steps[3] is null; it takes an object.");
  expect(
    broken((trace) => {
      Object.assign(trace.steps[3] ?? {}, { stage: "lunch" });
    }),
  ).toBe('steps[3].stage is "lunch"; it takes a stage that this panel knows.');
  expect(
    broken((trace) => {
      Object.assign(trace.steps[3] ?? {}, { parent: 3 });
    }),
  ).toBe("steps[3].parent is 3; it takes the id of an earlier step.");
  expect(
    broken((trace) => {
      Object.assign(trace.steps[3] ?? {}, { begin: 5, end: 4 });
    }),
  ).toBe("steps[3].end is 4, before its begin.");
  expect(
    broken((trace) => {
      Object.assign(trace.steps[3] ?? {}, { begin: null });
    }),
  ).toBe("steps[3].begin is null; it takes a number of nanoseconds.");
  expect(
    broken((trace) => {
      trace["duration"] = 1e300;
    }),
  ).toBe("duration is 1e+300; it takes a number of nanoseconds or null.");
  expect(
    broken((trace) => {
      trace.steps.shift();
    }),
  ).toBe("steps[0].id is 1; it takes 0, its place.");
});
