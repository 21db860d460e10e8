import { expect, test } from "vitest";

import { readRecording } from "./read";
import { recordingOf, typical } from "../testing/traces";

interface Loose {
  [key: string]: unknown;
  traces: [{ [key: string]: unknown; steps: { [key: string]: unknown }[] }];
}

/** A recording as JSON, changed. */
function changed(change: (recording: Loose) => void): string {
  const steps = typical().steps.map((step) => ({ ...step, explain: "It ran." }));
  const copy = structuredClone(recordingOf({ ...typical(), steps })) as unknown as Loose;
  change(copy);
  return JSON.stringify(copy);
}

const nothing = (): void => undefined;

test("a recording is read as it was", () => {
  expect(readRecording(changed(nothing))).toEqual(JSON.parse(changed(nothing)));
});

test("fields of later versions are ignored", () => {
  const text = changed((recording) => {
    recording["later"] = { __proto__: null };
    recording.traces[0]["later"] = [1];
  });
  expect(typeof readRecording(text)).toBe("object");
  expect(typeof readRecording(changed(nothing).replace("{", '{"__proto__": {"traces": 1}, '))).toBe("object");
});

test.each<[says: string, text: string]>([
  ["it is not JSON, or cut off: ", ""],
  ["it is not JSON, or cut off: ", changed(nothing).slice(0, -9)],
  ["it is JSON, but not of a recording: it takes an object.", "[]"],
  ['it has no "format": "flask-lifecycle"', "{}"],
  ["it is an HTTP archive (HAR)", '{"log": {"entries": []}}'],
  ["it is a request that a panel of version 0.1 saved", JSON.stringify(typical())],
  [
    "it has version 2 of the format; this page reads version 1, and flask-lifecycle 9 reads this one.",
    '{"format": "flask-lifecycle", "version": 2, "made": {"by": "flask-lifecycle 9"}}',
  ],
  ["its version is wrong", '{"format": "flask-lifecycle", "version": true}'],
  ["made is missing.", '{"format": "flask-lifecycle", "version": 1}'],
])("%s", (says, text) => {
  expect(readRecording(text)).toContain(says);
});

test.each<[says: string, change: (recording: Loose) => void]>([
  ["traces is an object; it takes a list.", (recording) => Object.assign(recording, { traces: {} })],
  ["traces[0].id is 7; it takes text.", ({ traces: [trace] }) => (trace["id"] = 7)],
  ["traces[0].method is missing.", ({ traces: [trace] }) => delete trace["method"]],
  ['traces[0].state is "dead"; it takes one of', ({ traces: [trace] }) => (trace["state"] = "dead")],
  [
    "traces[0].duration is -1; it takes a whole number from 0",
    ({ traces: [trace] }) => (trace["duration"] = -1),
  ],
  ["traces[0].duration is 1.5; it takes", ({ traces: [trace] }) => (trace["duration"] = 1.5)],
  ["traces[0].id is ", ({ traces: [trace] }) => (trace["id"] = "\ud800")],
  ["steps[3] is null; it takes an object.", ({ traces: [{ steps }] }) => (steps[3] = null as never)],
  [
    'steps[3].stage is "lunch"',
    ({ traces: [{ steps }] }) => Object.assign(steps[3] ?? {}, { stage: "lunch" }),
  ],
  [
    "steps[3].detail is a list of 0",
    ({ traces: [{ steps }] }) => Object.assign(steps[3] ?? {}, { detail: [] }),
  ],
  [
    "steps[3].parent is 3; it takes the id of an",
    ({ traces: [{ steps }] }) => Object.assign(steps[3] ?? {}, { parent: 3 }),
  ],
  [
    "steps[3].end is 4; it takes a time after",
    ({ traces: [{ steps }] }) => Object.assign(steps[3] ?? {}, { begin: 5, end: 4 }),
  ],
  ["steps[0].id is 1; it takes 0, its index.", ({ traces: [{ steps }] }) => steps.shift()],
  [
    "traces[0].error.step is 999",
    ({ traces: [trace] }) => (trace["error"] = { type: "E", message: "", step: 999 }),
  ],
  ["app.name is missing.", (recording) => (recording["app"] = {})],
  [
    "sources[0].lines[0][0] is a list of 1; it takes a list of 2",
    (recording) => (recording["sources"] = [{ file: "", line: 1, changed: false, lines: [[["k"]]] }]),
  ],
])("%s", (says, change) => {
  expect(readRecording(changed((recording) => void change(recording)))).toContain(says);
});

test("a plan has no index past the hooks of the app", () => {
  const plan = Object.fromEntries(
    [
      "url_value_preprocessor",
      "before_request",
      "context_processor",
      "after_request",
      "teardown_request",
      "teardown_appcontext",
    ].map((stage) => [stage, []]),
  );
  const app = {
    ...{ name: "shop", import_name: "shop", debug: true, separate_contexts: true, called: [], config: {} },
    ...{ versions: {}, packages: {}, environment: {}, process: { pid: 1, host: "h" }, middleware: [] },
    ...{ blueprints: [], extensions: [], hooks: [], rules: [], error_handlers: [] },
  };
  const text = (unmatched: unknown): string =>
    changed((recording) => (recording["app"] = { ...app, unmatched }));
  expect(typeof readRecording(text(plan))).toBe("object");
  expect(readRecording(text({ ...plan, before_request: [0] }))).toBe(
    "app: a plan is 0; it takes indexes of hooks.",
  );
});
