import { describe, expect, test } from "vitest";

import { step, summary } from "../testing/traces";
import type { Trace } from "../api/types";
import { cueAt, cuesOf } from "./cues";
import { advance, dwell, rewind, shownCue, type Replay } from "./replay";

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

const from = (at: number, pace: Replay["pace"] = "even steps"): Replay => ({
  at,
  cue: cueAt(cuesOf(trace()), at),
  playing: true,
  pace,
});

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

describe("advance", () => {
  test("goes through a gap in its time", () => {
    // From the way into the app to the end of the hook.
    const [first, second] = [dwell(200_000, "even steps"), dwell(500_000, "even steps")];
    expect(advance(from(0), trace(), first / 2).at).toBeCloseTo(100_000);
    expect(advance(from(0), trace(), first).at).toBe(200_000);
    expect(advance(from(100_000), trace(), (first + second) / 2).at).toBeCloseTo(450_000);
  });

  test("ends at the end", () => {
    const over = advance(from(0), trace(), 60_000);
    expect(over).toEqual({
      at: 1_000_000,
      cue: cuesOf(trace()).length - 1,
      playing: false,
      pace: "even steps",
    });
  });

  test("in real time, a hundred times slower", () => {
    expect(advance(from(0, "real time"), trace(), 50).at).toBeCloseTo(500_000);
  });

  test("dwells longer on what took longer, by decades", () => {
    expect(dwell(1, "even steps")).toBe(120);
    expect(dwell(1e4, "even steps")).toBe(120);
    expect(dwell(1e7, "even steps")).toBeCloseTo(660);
  });
});

test("the current cue is the replay's; else the picked step's; else where it is", () => {
  const whole = trace();
  expect(shownCue(whole, null, null)).toBeNull();
  expect(shownCue(whole, null, 1)?.step?.id).toBe(1);
  expect(shownCue(whole, from(200_000), 2)?.step?.id).toBe(1);
  const running: Trace = { ...whole, state: "running", duration: null, steps: whole.steps.slice(0, 2) };
  expect(shownCue(running, null, null)?.step?.id).toBe(0);
  // Nobody receives the signal, so that a replay does not stop at it.
  const signal = step(2, { stage: "signal", begin: 250_000, end: null, parent: 0 });
  const hold = { step: 2, begin: 250_000, end: null, did: null };
  const held: Trace = { ...running, steps: [...running.steps, signal], holds: [hold] };
  expect(shownCue(held, null, null)).toMatchObject({ step: { id: 2 }, side: "in" });
  const over: Trace = { ...held, steps: [...running.steps, { ...signal, end: 250_000 }] };
  expect(shownCue(over, null, null)).toMatchObject({ step: { id: 2 }, side: "out" });
  expect(shownCue(held, null, 1)?.step?.id).toBe(1);
  expect(shownCue({ ...held, holds: [{ ...hold, end: 260_000 }] }, null, null)?.step?.id).toBe(0);
});
