import { describe, expect, test } from "vitest";

import { step, summary } from "../testing/traces";
import type { Trace } from "../api/types";
import { advance, dwell, moments, neighbour, rewind, shownStep, stepAt, type Replay } from "./replay";

function trace(): Trace {
  return {
    ...summary("a", { duration: 1_000_000, status: 200 }),
    steps: [
      step(0, { stage: "wsgi", begin: 0, end: 900_000 }),
      step(1, { stage: "before_request", begin: 100_000, end: 200_000, parent: 0 }),
      step(2, { stage: "view", begin: 200_000, end: 700_000, parent: 0 }),
      step(3, { stage: "start_response", begin: 800_000, end: 850_000, parent: 0 }),
    ],
  };
}

const from = (at: number, pace: Replay["pace"] = "even"): Replay => ({ at, playing: true, pace });

describe("rewind", () => {
  test("what is still to come is not there, and what runs is open", () => {
    const then = rewind(trace(), 300_000);
    expect(then.state).toBe("running");
    expect(then.status).toBeNull();
    expect(then.steps.map((each) => [each.stage, each.end])).toEqual([
      ["wsgi", null],
      ["before_request", 200_000],
      ["view", null],
    ]);
  });

  test("at the end it is the request itself", () => {
    const whole = trace();
    expect(rewind(whole, 1_000_000)).toBe(whole);
  });

  test("an exception is there once its step has ended", () => {
    const failed: Trace = { ...trace(), error: { type: "E", message: "", step: 2 } };
    expect(rewind(failed, 600_000).error).toBeNull();
    expect(rewind(failed, 700_000).error?.type).toBe("E");
  });
});

describe("moments", () => {
  test("are the beginnings and the end", () => {
    expect(moments(trace())).toEqual([0, 100_000, 200_000, 800_000, 1_000_000]);
  });

  test("have neighbours", () => {
    expect(neighbour(trace(), 150_000, 1)).toBe(200_000);
    expect(neighbour(trace(), 150_000, -1)).toBe(100_000);
    expect(neighbour(trace(), 1_000_000, 1)).toBe(1_000_000);
    expect(neighbour(trace(), 0, -1)).toBe(0);
  });

  test("are about the innermost step that runs", () => {
    expect(stepAt(trace(), 150_000)?.stage).toBe("before_request");
    expect(stepAt(trace(), 750_000)?.stage).toBe("wsgi");
    expect(stepAt(trace(), 950_000)?.stage).toBe("start_response");
    expect(stepAt({ ...trace(), steps: [] }, 0)).toBeNull();
  });
});

describe("advance", () => {
  test("goes through a gap in its time", () => {
    expect(advance(from(0), trace(), 250).at).toBeCloseTo(50_000);
    expect(advance(from(0), trace(), 500).at).toBe(100_000);
    expect(advance(from(50_000), trace(), 500).at).toBeCloseTo(150_000);
  });

  test("ends at the end", () => {
    const over = advance(from(0), trace(), 60_000);
    expect(over).toEqual({ at: 1_000_000, playing: false, pace: "even" });
  });

  test("in real time, a hundred times slower", () => {
    expect(advance(from(0, "real × 1/100"), trace(), 50).at).toBeCloseTo(500_000);
  });

  test("dwells longer on what took longer, by decades", () => {
    expect(dwell(1, "by step")).toBe(120);
    expect(dwell(1e4, "by step")).toBe(120);
    expect(dwell(1e7, "by step")).toBeCloseTo(660);
  });
});

describe("shownStep", () => {
  const whole: Trace = {
    ...trace(),
    steps: [...trace().steps, step(4, { stage: "signal", begin: 860_000, end: 860_000, parent: 0 })],
  };
  test("is the picked one, and where a replay stands elsewhere what that is about", () => {
    expect(shownStep(whole, null, null)).toBeNull();
    expect(shownStep(whole, null, 1)?.id).toBe(1);
    expect(shownStep(whole, from(100_000), 1)?.id).toBe(1);
    expect(shownStep(whole, from(300_000), 1)?.id).toBe(2);
    expect(shownStep(whole, from(0), 7)?.id).toBe(0);
  });
  test("can be one that takes no time, while one stands at it", () => {
    expect(stepAt(whole, 860_000)?.id).toBe(4);
    expect(stepAt(whole, 870_000)?.id).toBe(0);
  });
});
