import { describe, expect, it } from "vitest";

import { applyBatch, current, elapsed, EMPTY, KEPT, lacksSteps, select, setFollow, setPaused } from "./state";
import { batch, step, summary } from "./testing";

describe("applyBatch", () => {
  it("puts the newest first and follows it", () => {
    const state = applyBatch(EMPTY, batch([summary("a"), summary("b")]), 0);
    expect(state.traces.map((trace) => trace.id)).toEqual(["b", "a"]);
    expect(state.selected).toBe("b");
  });

  it("takes the same trace twice without a double", () => {
    const once = applyBatch(EMPTY, batch([summary("a", { state: "running" })]), 0);
    const twice = applyBatch(once, batch([summary("a")]), 1);
    expect(twice.traces).toHaveLength(1);
    expect(twice.traces[0]?.state).toBe("done");
  });

  it("leaves the picked request alone when new ones come", () => {
    const picked = select(applyBatch(EMPTY, batch([summary("a")]), 0), "a");
    expect(applyBatch(picked, batch([summary("b")]), 1).selected).toBe("a");
    expect(setFollow(applyBatch(picked, batch([summary("b")]), 1), true).selected).toBe("b");
  });

  it("merges steps by id, ended ones in place of running ones", () => {
    const open = applyBatch(EMPTY, batch([summary("a", { state: "running" })], [step(0, { end: null }), step(1, { end: null })]), 0);
    const ended = applyBatch(open, batch([], [step(1), step(2)]), 1);
    expect(current(ended)?.steps.map((each) => each.end)).toEqual([null, 10, 10]);
  });

  it("forgets all when the server is another one", () => {
    const old = applyBatch(EMPTY, batch([summary("a")]), 0);
    const next = applyBatch(old, { ...batch([summary("b")]), epoch: "two" }, 1);
    expect(next.traces.map((trace) => trace.id)).toEqual(["b"]);
  });

  it("keeps the open request when the server evicts it, and says so", () => {
    const picked = select(applyBatch(EMPTY, batch([summary("a"), summary("b")]), 0), "a");
    const next = applyBatch(picked, { ...batch([]), removed: ["a", "b"] }, 1);
    expect(next.traces.map((trace) => trace.id)).toEqual(["a"]);
    expect(next.missing).toBe("a");
  });

  it("is bounded", () => {
    const many = Array.from({ length: KEPT + 20 }, (_, index) => summary(index.toString().padStart(5, "0")));
    expect(applyBatch(EMPTY, batch(many), 0).traces).toHaveLength(KEPT);
  });
});

describe("pause", () => {
  it("holds the screen and loses nothing", () => {
    const held = applyBatch(setPaused(applyBatch(EMPTY, batch([summary("a")]), 0), true, 0), batch([summary("b")]), 1);
    expect(held.traces).toHaveLength(1);
    expect(setPaused(held, false, 2).traces.map((trace) => trace.id)).toEqual(["b", "a"]);
  });
});

describe("elapsed", () => {
  it("goes on from what the server said", () => {
    const state = applyBatch(EMPTY, batch([summary("a", { state: "running", elapsed: 5e6, duration: null })]), 100);
    expect(elapsed(state, "a", 103)).toBe(8e6);
  });
});

describe("lacksSteps", () => {
  it("asks for the steps of a finished request until they are whole", () => {
    const state = applyBatch(EMPTY, batch([summary("a", { step_count: 2 })]), 0);
    expect(lacksSteps(state)).toBe("a");
    expect(lacksSteps(applyBatch(state, batch([], [step(0), step(1)]), 1))).toBe(null);
  });
});
