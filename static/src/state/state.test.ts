import { describe, expect, it } from "vitest";

import { applyBatch, KEPT, olderThan, setConnection, withPage } from "./log";
import { cleared, restored, withoutCleared } from "./clearing";
import { select, selectStep, setFollow, setPaused } from "./selection";
import { withImported } from "./recordings";
import { appTime, current, elapsed, find, importedOf, lacksSteps } from "./request";
import { EMPTY, type State } from "./state";
import { isCutOff, listed } from "./runs";
import { batch, recordingOf, step, summary, typical } from "../testing/traces";
import type { Batch, Trace, TracePage, TraceSummary } from "../api/types";

describe("applyBatch", () => {
  it("what several threads wrote is taken anew once it is done, shown or not", () => {
    const running = summary("a", { state: "running", merged: true });
    const sent = { trace: "a", steps: [step(0), step(1)] };
    const before = applyBatch(EMPTY, { ...batch([running]), steps: [sent] }, 0);
    expect(before.steps.get("a")?.length).toBe(2);
    const other = applyBatch(before, batch([{ ...running, state: "done", step_count: 3 }, summary("b")]), 1);
    expect(other.steps.has("a")).toBe(false);
    const shown = applyBatch(
      before,
      { ...batch([{ ...running, state: "done" }]), steps: [{ trace: "a", steps: [step(0)] }] },
      1,
    );
    expect(shown.steps.get("a")?.length).toBe(1);
    // Those that came since then stay.
    expect(applyBatch(shown, batch([{ ...running, state: "done" }]), 2).steps.get("a")?.length).toBe(1);
  });

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

  it("leaves a request alone while one of its steps is looked at", () => {
    const reading = selectStep(applyBatch(EMPTY, batch([summary("a")]), 0), 3);
    expect(applyBatch(reading, batch([summary("b")]), 1)).toMatchObject({
      selected: "a",
      step: 3,
      follow: false,
    });
    expect(selectStep(EMPTY, null).follow).toBe(true);
  });

  it("merges steps by id, ended ones in place of running ones", () => {
    const open = applyBatch(
      EMPTY,
      batch([summary("a", { state: "running" })], [step(0, { end: null }), step(1, { end: null })]),
      0,
    );
    const ended = applyBatch(open, batch([], [step(1), step(2)]), 1);
    expect(current(ended)?.steps.map((each) => each.end)).toEqual([null, 10, 10]);
  });

  it("keeps the open request when the server evicts it, and says so", () => {
    const picked = select(applyBatch(EMPTY, batch([summary("a"), summary("b")]), 0), "a");
    const next = applyBatch(picked, { ...batch([]), removed: ["a", "b"] }, 1);
    expect(next.traces.map((trace) => trace.id)).toEqual(["a"]);
    expect(next.missing).toBe("a");
    expect(select(applyBatch(next, batch([summary("c")]), 2), "c").traces.map((trace) => trace.id)).toEqual([
      "c",
    ]);
  });

  it("is bounded", () => {
    const many = Array.from({ length: KEPT + 20 }, (_, index) => summary(index.toString().padStart(5, "0")));
    expect(applyBatch(EMPTY, batch(many), 0).traces).toHaveLength(KEPT);
  });
});

describe("pause", () => {
  it("never follows a file or a poll, nor what the page that is shown loads", () => {
    const file = summary("b", { endpoint: "static" });
    expect(applyBatch(EMPTY, batch([file]), 1).selected).toBeNull();
    const shown = (...more: TraceSummary[]): string | null =>
      applyBatch(EMPTY, batch([summary("a"), ...more]), 1).selected;
    expect(shown(file)).toBe("a");
    expect(shown(summary("b", { path: "/favicon.ico" }))).toBe("a");
    expect(shown(summary("b", { background: "always" }))).toBe("a");
    const loads = summary("b", { background: "loading", cause: "a" });
    const page = applyBatch(EMPTY, batch([summary("a")]), 1);
    expect(applyBatch(page, batch([loads]), 1).selected).toBe("a");
    expect(applyBatch(page, batch([{ ...loads, cause: "0" }]), 1).selected).toBe("b");
    // What a filter leaves out is no reason to stay.
    expect(applyBatch({ ...page, filter: "path:/b" }, batch([{ ...loads, path: "/b" }]), 1).selected).toBe(
      "b",
    );
  });

  it("follows what was requested inside a request only where that one is not listed", () => {
    const nested = batch([summary("a"), summary("b", { parent: "a", path: "/inner" })]);
    expect(applyBatch(EMPTY, nested, 0).selected).toBe("a");
    expect(applyBatch({ ...EMPTY, filter: "/inner" }, nested, 0).selected).toBe("b");
  });

  it("holds the screen and loses nothing", () => {
    const held = applyBatch(
      setPaused(applyBatch(EMPTY, batch([summary("a")]), 0), true),
      batch([summary("b")]),
      1,
    );
    expect(held.traces).toHaveLength(1);
    expect(setPaused(held, false).traces.map((trace) => trace.id)).toEqual(["b", "a"]);
  });
});

describe("a lost connection", () => {
  const live = setConnection(applyBatch(EMPTY, batch([summary("a")]), 0), "live", 0);
  const lost = setConnection(setConnection(live, "lost", 1000), "lost", 2000);
  it("is a gap in the list once it is there again", () => {
    const next = applyBatch(
      setConnection(lost, "live", 5000),
      { ...batch([summary("b"), summary("c")]), missed: 2 },
      5200,
    );
    expect(next.gaps).toEqual([{ after: "a", ms: 4200, requests: 2 }]);
    expect(next.lostAt).toBe(null);
    // It goes with the last request below it.
    const later = applyBatch(next, { ...batch([summary("d")]), removed: ["a"] }, 6000);
    expect([ids(later.traces), later.gaps]).toEqual(["dcb", []]);
  });
});

/** A process, and what it answers with. */
const run = (pid: number, started_at = pid): Pick<TraceSummary, "process"> => ({
  process: { pid, host: "h", thread: "t", started_at },
});
const from = (pid: number, traces: TraceSummary[], more: Partial<Batch> = {}): Batch => ({
  ...batch(traces.map((trace) => ({ ...trace, ...run(pid) }))),
  epoch: `${pid}`,
  reset: true,
  process: { pid, started_at: pid, several: false },
  ...more,
});
const page = (traces: TraceSummary[], next: string | null = null): TracePage => ({
  traces,
  next,
  evicted: 0,
  too_large: 0,
  ignored: 0,
  history: null,
});
const ids = (traces: readonly TraceSummary[]): string => traces.map(({ id }) => id).join("");

describe("a restart", () => {
  const first = setConnection(applyBatch(EMPTY, from(1, [summary("a"), summary("b")]), 0), "live", 0);

  it("leaves what was there, with what is read of it", () => {
    const replay = { at: 5, cue: 1, playing: true, pace: "even steps" } as const;
    const read = { ...select(first, "a", 3), replay, steps: new Map([["a", [step(0)]]]), stage: true };
    const next = applyBatch(setConnection(read, "lost", 5), from(2, [summary("c")]), 10);
    expect([ids(next.traces), ids(next.earlier)]).toEqual(["c", "ba"]);
    expect(next).toMatchObject({ selected: "a", step: 3, replay, stage: true, missing: null, gaps: [] });
    expect(current(next)?.steps).toHaveLength(1);
    const third = applyBatch(next, from(3, []), 20);
    expect([ids(third.traces), ids(third.earlier)]).toEqual(["", "cba"]);
  });

  it("cuts off what ran, and stops its clock when the connection was lost", () => {
    const running = summary("c", {
      state: "running",
      duration: null,
      elapsed: 1e6,
      app_time: 4e5,
      merged: true,
    });
    const runs = applyBatch(
      first,
      from(1, [running], { reset: false, steps: [{ trace: "c", steps: [step(0)] }] }),
      10,
    );
    const next = applyBatch(setConnection(runs, "lost", 15), from(2, []), 90);
    expect(find(next, "c")).toMatchObject({
      state: "done",
      cut_off: true,
      duration: 6e6,
      app_time: 54e5,
      now: null,
    });
    expect(elapsed(next, "c", 200)).toBe(6e6);
    expect(next.seenAt.size).toBe(0);
    expect(current(select(next, "c"))?.steps).toHaveLength(1);
    expect(lacksSteps(select(next, "c"))).toBe(null);
    // It had ended after all, in its last moments.
    const ended = withPage(next, page([{ ...summary("c"), ...run(1) }]));
    expect(isCutOff(find(ended, "c"))).toBe(false);
    expect(lacksSteps({ ...select(ended, "c"), steps: new Map() })).toBe("c");
  });

  it("lists what the history has, of its process and of earlier ones, once each", () => {
    const next = applyBatch(first, from(3, [summary("f")]), 1);
    expect(olderThan(next)).toBe("");
    const known = find(next, "b");
    const mixed = [
      { ...summary("f"), ...run(3) },
      { ...summary("e"), ...run(3) },
      { ...summary("d"), ...run(2) },
    ];
    const all = withPage(next, page([...mixed, { ...summary("b"), ...run(1) }], "b"));
    expect([ids(all.traces), ids(all.earlier), olderThan(all)]).toEqual(["fe", "dba", "b"]);
    expect(find(all, "b")).toBe(known);
  });

  it("is no reason to leave what is followed, before the next request", () => {
    const next = applyBatch(first, from(2, []), 1);
    expect([next.selected, next.follow]).toEqual(["b", true]);
    expect(applyBatch(next, from(2, [summary("c")], { reset: false }), 2).selected).toBe("c");
  });

  it("shows a new page the newest of the run before, as long as there is none of this one", () => {
    const opened = withPage(applyBatch(EMPTY, from(2, []), 0), page([{ ...summary("a"), ...run(1) }]));
    expect([opened.selected, opened.follow]).toEqual(["a", true]);
    expect(applyBatch(opened, from(2, [summary("c")], { reset: false }), 2).selected).toBe("c");
  });

  it("is held back while the display is paused", () => {
    const paused = applyBatch(setPaused(first, true), from(2, [summary("c")]), 1);
    expect([ids(paused.traces), ids(listed(paused))]).toEqual(["ba", "ba"]);
    const both = withPage(paused, page([{ ...summary("0"), ...run(0) }]));
    expect(ids(listed(setPaused(both, false)))).toBe("cba0");
  });

  it("has its order whatever the clock says, unless several processes answer at a time", () => {
    const before = applyBatch(EMPTY, from(1, [summary("y")]), 0);
    const back = applyBatch(before, from(2, [summary("c")], { history: null }), 1);
    expect(ids(listed(back))).toBe("cy");
    const several = { pid: 2, started_at: 2, several: true };
    expect(ids(listed({ ...back, process: several }))).toBe("yc");
  });

  it("is bounded", () => {
    const many = (letter: string, count: number): TraceSummary[] =>
      Array.from({ length: count }, (_, index) => summary(`${letter}${index.toString().padStart(5, "0")}`));
    const old = applyBatch(EMPTY, from(1, many("a", KEPT)), 0);
    const next = withPage(applyBatch(old, from(2, many("b", 50)), 1), page([], "a00000"));
    expect(listed(next)).toHaveLength(KEPT);
    expect(olderThan(next)).toBe(null);
  });
});

describe("other processes", () => {
  const own = { pid: 1, started_at: 1, several: true, shared: true };
  const of = (pid: number, id: string, more: Partial<TraceSummary> = {}): TraceSummary => ({
    ...summary(id, more),
    ...run(pid),
  });
  const sent = (traces: TraceSummary[], more: Partial<Batch> = {}): Batch => ({
    ...batch(traces),
    process: own,
    ...more,
  });
  const running = { state: "running", duration: null, elapsed: 1e6 } as const;
  const first = applyBatch(EMPTY, sent([of(1, "a"), of(2, "b", running)], { reset: true }), 0);

  it("show what they do among the requests of the page's own, and their clocks run", () => {
    expect([ids(first.traces), ids(first.earlier), ids(listed(first))]).toEqual(["a", "b", "ba"]);
    expect(first.selected).toBe("b");
    expect(elapsed(first, "b", 5)).toBe(6e6);
    const done = applyBatch(first, sent([of(2, "b"), of(3, "c")]), 7);
    expect([ids(listed(done)), done.selected, done.seenAt.size]).toEqual(["cba", "c", 0]);
    expect(find(done, "b")?.state).toBe("done");
  });

  it("are listed once, whichever way they come", () => {
    const twice = applyBatch(first, sent([of(1, "d"), of(2, "c"), of(1, "d"), of(2, "c")]), 1);
    expect(ids(listed(twice))).toBe("dcba");
  });

  it("are evicted by what the server says of each, not by the page's own oldest", () => {
    const next = applyBatch(first, sent([of(1, "d")], { oldest: "d", oldest_file: null }), 1);
    expect([ids(next.traces), ids(next.earlier)]).toEqual(["d", "b"]);
    const gone = applyBatch(next, sent([], { removed: ["b"], oldest: "d" }), 2);
    expect([ids(listed(gone)), gone.missing]).toEqual(["d", null]);
    const looked = applyBatch(select(next, "b"), sent([], { removed: ["b"], oldest: "d" }), 2);
    expect([ids(listed(looked)), looked.missing]).toEqual(["db", "b"]);
  });

  it("are cut off as they die", () => {
    const dead = of(2, "b", { ...running, state: "done", app_time: 2e6, cut_off: true });
    const next = applyBatch(first, sent([dead]), 9);
    expect(isCutOff(find(next, "b"))).toBe(true);
    expect([appTime(next, "b", 50), lacksSteps(select(next, "b"))]).toEqual([2e6, null]);
  });

  it("serve the page in each other's place", () => {
    const other = { ...own, pid: 2, started_at: 2 };
    const busy = applyBatch(first, sent([of(1, "c", running)]), 5);
    const next = applyBatch(busy, sent([of(2, "d")], { process: other, oldest: "b" }), 9);
    expect([ids(next.traces), ids(next.earlier)]).toEqual(["db", "ca"]);
    expect(find(next, "b")?.state).toBe("running");
    const both = sent([of(2, "d")], { process: other, others: [{ ...run(1).process }], oldest: "b" });
    expect(find(applyBatch(busy, both, 9), "c")?.state).toBe("running");
    // The first one may have died, which no other says if nobody watched it.
    expect(isCutOff(find(next, "c"))).toBe(true);
    const gone = applyBatch(next, sent([], { process: other, removed: ["c"], oldest: "b" }), 12);
    expect(find(gone, "c")?.cut_off).toBe(true);
    const alive = applyBatch(next, sent([of(1, "c", running)], { process: other, oldest: "b" }), 12);
    expect([find(alive, "c")?.state, isCutOff(find(alive, "c"))]).toEqual(["running", false]);
  });

  it("are asked again when the stream begins anew: what ran may be over", () => {
    const again = applyBatch(first, sent([of(1, "a")], { reset: true }), 9);
    expect(isCutOff(find(again, "b"))).toBe(true);
    expect(isCutOff(find(withPage(again, page([of(2, "b")])), "b"))).toBe(false);
    const still = applyBatch(first, sent([of(1, "a"), of(2, "b", running)], { reset: true }), 9);
    expect(find(still, "b")?.state).toBe("running");
  });

  it("show what they sent to each other where it belongs: it is not followed", () => {
    const calls = { ...running, sent: [{ step: 1, trace: null, traceparent: null }] };
    const calling = applyBatch(EMPTY, sent([of(1, "a", calls)], { reset: true }), 0);
    const called = { ...running, caller: { trace: "a", step: 1 } };
    expect(applyBatch(calling, sent([of(2, "b", called)]), 1).selected).toBe("a");
    expect(applyBatch(calling, sent([of(2, "b", { ...called, caller: null })]), 1).selected).toBe("b");
  });
});

describe("older requests", () => {
  it("come in by page, and go when the server evicts them", () => {
    const newest = { ...applyBatch(EMPTY, { ...batch([summary("c"), summary("d")]), kept: 4 }, 0) };
    const some = withPage(newest, page([summary("d"), summary("c")], "c"));
    expect(olderThan(some)).toBe("c");
    const all = withPage(some, page([summary("b"), summary("a")]));
    expect(all.traces.map((trace) => trace.id)).toEqual(["d", "c", "b", "a"]);
    expect(olderThan(all)).toBe(null);
    const later = applyBatch(all, { ...batch([]), kept: 2, oldest: "c" }, 1);
    expect(later.traces.map((trace) => trace.id)).toEqual(["d", "c"]);
  });
});

describe("elapsed", () => {
  it("goes on from what the server said", () => {
    const state = applyBatch(
      EMPTY,
      batch([summary("a", { state: "running", elapsed: 5e6, duration: null })]),
      100,
    );
    expect(elapsed(state, "a", 103)).toBe(8e6);
  });
});

describe("lacksSteps", () => {
  it("is the same trace as long as nothing comes of it", () => {
    const state = select(applyBatch(EMPTY, batch([summary("a")], [step(0)]), 0), "a");
    const other = { ...applyBatch(state, batch([summary("b")]), 1), filter: "path:/b" };
    expect(current(other)).toBe(current(state));
    const more = applyBatch(other, batch([], [step(1)]), 2);
    expect(current(more)).not.toBe(current(state));
  });

  it("asks for the steps of a finished request until they are whole", () => {
    const state = applyBatch(EMPTY, batch([summary("a", { step_count: 2 })]), 0);
    expect(lacksSteps(state)).toBe("a");
    expect(lacksSteps(applyBatch(state, batch([], [step(0), step(1)]), 1))).toBe(null);
  });
});

describe("a request from a file", () => {
  const live = applyBatch(EMPTY, batch([summary("a")]), 0);
  const whole: Trace = { ...typical(), state: "running", duration: null };
  const brought = (state: State): State => withImported(state, recordingOf(whole), "kept.json");
  const shown = brought(live);

  it("is shown whole and at rest", () => {
    expect(current(shown)?.steps).toEqual(whole.steps);
    expect(current(shown)?.state).toBe("done");
    expect(elapsed(shown, shown.selected ?? "", 5)).toBe(
      whole.steps.reduce((most, each) => Math.max(most, each.end ?? 0), 0),
    );
    expect(lacksSteps(shown)).toBeNull();
    expect(find(shown, shown.selected)).toMatchObject({
      method: "GET",
      path: "/a",
      step_count: whole.steps.length,
    });
  });

  it("is not taken for the app's own of the same id, nor for itself", () => {
    const twice = brought(shown);
    expect(new Set([twice.selected, shown.selected, "a"]).size).toBe(3);
    expect(importedOf(twice, "a")).toBeUndefined();
    const own = applyBatch(twice, batch([summary("a", { path: "/changed" })], [step(0)]), 1);
    expect(find(own, "a")?.path).toBe("/changed");
    expect(current(own)?.steps).toEqual(whole.steps);
    expect(current(select(own, "a"))?.steps).toHaveLength(1);
  });

  it("outlives what the server forgets, and another server, but not that all is forgotten", () => {
    const later = applyBatch(shown, { ...batch([summary("b")]), epoch: "two", reset: true }, 1);
    expect(current(later)?.steps).toEqual(whole.steps);
    expect(cleared(later).imported).toEqual([]);
  });
});

describe("what was cleared", () => {
  const two = applyBatch(EMPTY, batch([summary("a"), summary("b")]), 1);

  it("comes back among what came since, as it was looked at", () => {
    const state = cleared(select(two, "a", 0));
    expect([ids(state.traces), state.selected, state.undo?.traces.length]).toEqual(["", null, 2]);
    const back = restored(applyBatch(state, batch([summary("c")]), 1));
    expect([ids(back.traces), back.selected, back.follow, back.undo]).toEqual(["cba", "a", false, null]);
    expect(restored(back)).toBe(back);
  });

  it("stays away though the server still sends of it, until it is restored", () => {
    const { undo } = cleared(two);
    const late = batch([summary("a"), summary("c")]);
    expect(ids(withoutCleared(late, undo).traces)).toBe("c");
    expect(withoutCleared(late, null)).toBe(late);
  });

  it("comes back whole where it was cleared twice, or nothing was there to be cleared", () => {
    const once = cleared(two);
    expect(cleared(once)).toBe(once);
    const twice = cleared(applyBatch(once, batch([summary("c")]), 1));
    expect(ids(restored(twice).traces)).toBe("cba");
  });

  it("has what came while the display was paused", () => {
    const paused = applyBatch(setPaused(two, true), batch([summary("c")]), 1);
    expect(ids(restored(cleared(paused)).traces)).toBe("cba");
  });

  it("comes back after a restart too, and nothing is fetched before that", () => {
    const earlier = applyBatch(applyBatch(EMPTY, from(1, [summary("a")]), 0), from(2, [summary("b")]), 1);
    const state = cleared(earlier);
    expect([ids(listed(state)), olderThan(state)]).toEqual(["", null]);
    const back = restored(applyBatch(state, from(3, [summary("c")]), 1));
    expect([ids(back.traces), ids(back.earlier)]).toEqual(["c", "ba"]);
  });
});

describe("the history", () => {
  const file = (id: string): TraceSummary => summary(id, { endpoint: "static" });
  const kept = (oldest: string | null, oldest_file: string | null): Partial<Batch> => ({
    history: { problem: null, kept: { oldest, oldest_file } },
  });
  const first = applyBatch(EMPTY, from(1, [summary("a"), file("b"), summary("c")], kept("a", "b")), 0);
  const later = applyBatch(first, from(2, [summary("d"), summary("e")], kept("a", "b")), 0);
  const go = (state: State, more: Partial<Batch>): State =>
    applyBatch(state, { ...from(2, []), reset: false, oldest: "d", oldest_file: null, ...more }, 1);

  it("has what the process no longer keeps, until it evicts that too", () => {
    const next = go(later, { ...kept("c", "b"), oldest: "e" });
    expect([ids(next.traces), ids(next.earlier)]).toEqual(["ed", "cb"]);
    const last = go(next, { ...kept("e", null), oldest: "e" });
    expect([ids(last.traces), ids(last.earlier)]).toEqual(["e", ""]);
  });

  it("leaves what is read on the page, until another one is picked", () => {
    const next = go(select(later, "a"), kept("d", null));
    expect([ids(next.earlier), next.missing]).toEqual(["a", "a"]);
    expect(ids(select(next, "e").earlier)).toBe("");
  });

  it("is cleared by others", () => {
    const next = go(later, kept(null, null));
    expect([ids(next.traces), ids(next.earlier)]).toEqual(["ed", ""]);
  });

  it("never had what its process was killed in", () => {
    const none = applyBatch(EMPTY, from(1, [summary("a")], kept(null, null)), 0);
    expect(ids(go(none, { ...from(2, []), ...kept(null, null) }).earlier)).toBe("a");
  });

  it("takes nothing away if it cannot be read, and keeps nothing if it cannot be written", () => {
    const unread = go(later, { history: { problem: "no", kept: null }, oldest: "e" });
    expect([ids(unread.traces), ids(unread.earlier)]).toEqual(["e", "cba"]);
    const unwritten = go(later, {
      history: { problem: "no", kept: { oldest: "a", oldest_file: null } },
      oldest: "e",
    });
    expect([ids(unwritten.traces), ids(unwritten.earlier)]).toEqual(["e", "cba"]);
  });
});

describe("static files", () => {
  it("are evicted apart from all others", () => {
    const file = (id: string): TraceSummary => summary(id, { endpoint: "static" });
    const all = applyBatch(EMPTY, batch([summary("a"), file("b"), summary("c"), file("d")]), 1);
    const next = applyBatch(all, { ...batch([summary("e")]), oldest: "a", oldest_file: "d" }, 1);
    expect(next.traces.map(({ id }) => id)).toEqual(["e", "d", "c", "a"]);
    const without = applyBatch(next, { ...batch([]), oldest: "c", oldest_file: null }, 1);
    expect(without.traces.map(({ id }) => id)).toEqual(["e", "c"]);
  });
});
