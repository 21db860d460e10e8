import { expect, test } from "vitest";

import { answerOf, partOf, traceOf } from "./recorded";
import { recordingOf, step, typical } from "../testing/traces";
import type { Excerpt, Json } from "../api/types";

const FILE = "/srv/shop.py";

function excerpt(line: number, length: number, file = FILE): Excerpt {
  return { file, line, changed: false, lines: Array.from({ length }, () => [["k", "def"]] as const) };
}

const at = (line: number): { [key: string]: Json } => ({ place: { file: FILE, line } });

test("the code of a step is its function, or what is around the line that caused it", () => {
  const sources = [excerpt(1, 100), excerpt(20, 9), excerpt(20, 9, "/srv/other.py")];
  const steps = [
    step(0, { source: { file: FILE, line: 20 } }),
    step(1, { stage: "sql", detail: at(22) }),
    step(2, { stage: "log", source: { file: FILE, line: 50 } }),
    step(3, { source: { file: FILE, line: 21 } }),
    step(4),
    step(5, { stage: "sql", detail: at(500) }),
    step(6, { stage: "sql", detail: { place: "here" } }),
  ];
  const trace = { ...typical(), id: "a/ä", steps };
  const all = { ...recordingOf(trace), sources };
  const found = steps.map(({ id }) =>
    answerOf<{ line: number; at?: number }>(`api/traces/a%2F%C3%A4/steps/${id}/source`, trace, all),
  );
  expect(found.map((each) => each && [each.line, each.at])).toEqual([
    [20, undefined],
    [20, 22],
    [1, 50],
    null,
    null,
    null,
    null,
  ]);
  expect(answerOf("api/traces/a/steps/0/caller", trace, all)).toBeNull();
  expect(answerOf("api/traces/a/steps/99/source", trace, all)).toBeNull();
  expect(traceOf("api/traces/a%2F%C3%A4/steps/0/source")).toBe("a/ä");
  expect(traceOf("api/app/match?path=/")).toBeNull();
});

test("a part of a recording has the code of its own requests alone", () => {
  const [one, other] = ["a", "b"].map((id, index) => ({
    ...typical(),
    id,
    steps: [step(0, { source: { file: FILE, line: 20 * (index + 1) } })],
  }));
  if (one === undefined || other === undefined) throw new Error("two are made");
  const whole = { ...recordingOf(one, other), sources: [excerpt(20, 9), excerpt(40, 9)] };
  const part = partOf(whole, new Set(["b", "gone"]));
  expect(part).toEqual({ ...whole, traces: [other], sources: [excerpt(40, 9)] });
});
