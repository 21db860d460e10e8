// @vitest-environment happy-dom

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { setBackend } from "./backend";
import { applyBatch } from "./log";
import { server } from "./server";
import { current } from "./request";
import { EMPTY } from "./state";
import { actions } from "./actions";
import { change, state } from "./store";
import { batch, step, summary } from "../testing/traces";

const FAILURES: readonly (readonly [name: string, answer: () => Promise<Response>])[] = [
  ["500", () => Promise.resolve(new Response("", { status: 500 }))],
  ["403", () => Promise.resolve(new Response("Wrong key.", { status: 403 }))],
  ["no network", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["half an answer", () => Promise.resolve(new Response("{"))],
];

beforeEach(() => {
  setBackend(server);
  vi.useFakeTimers();
});

/** A page that is live, and has a request without its steps. */
function open(): void {
  change(() => ({ ...applyBatch(EMPTY, batch([summary("a", { step_count: 2 })]), 0), connection: "live" }));
}

afterEach(async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 404 })));
  await vi.runOnlyPendingTimersAsync();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each(FAILURES)("a call that fails (%s) leaves a live panel live", async (_name, answer) => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (path: string) => {
    asked.push(path);
    return answer();
  });
  open();
  actions.select("a");
  actions.map();
  actions.older();
  actions.clear();
  expect(await actions.ask("api/app/match?path=/")).toBeNull();
  await vi.advanceTimersByTimeAsync(10);
  expect(asked).toEqual(expect.arrayContaining(["api/traces/a", "api/app", "api/traces?epoch=one"]));
  expect(state.value).toMatchObject({ connection: "live", lostAt: null });
});

test("the steps that could not be fetched are asked for again", async () => {
  let fails = true;
  const whole = { ...summary("a", { step_count: 2 }), steps: [step(0), step(1)] };
  vi.stubGlobal("fetch", () =>
    fails
      ? Promise.reject(new TypeError("Failed to fetch"))
      : Promise.resolve(new Response(JSON.stringify(whole))),
  );
  open();
  actions.select("a");
  await vi.advanceTimersByTimeAsync(10);
  expect(current(state.value)?.steps).toHaveLength(0);
  fails = false;
  await vi.advanceTimersByTimeAsync(1500);
  expect(current(state.value)?.steps).toHaveLength(2);
});

test("what is cleared twice and brought back at once reaches the server in this order", async () => {
  const done: string[] = [];
  const waits = [30, 10, 0];
  vi.stubGlobal("fetch", async (path: string, { method = "GET" }: RequestInit = {}) => {
    if (method === "GET") return new Response(null, { status: 404 });
    await new Promise((resolve) => setTimeout(resolve, waits.shift()));
    done.push(`${method} ${path}`);
    return new Response(null, { status: 204 });
  });
  open();
  actions.clear();
  change((before) => applyBatch(before, batch([summary("b")]), 0));
  actions.clear();
  actions.undo();
  await vi.advanceTimersByTimeAsync(100);
  expect(done).toEqual([
    "DELETE api/traces?epoch=one",
    "DELETE api/traces?epoch=one",
    "POST api/traces/restore?epoch=one",
  ]);
});
