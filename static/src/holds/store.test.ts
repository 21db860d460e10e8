// @vitest-environment happy-dom

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { Held, HeldRequests, Hold, Json, TraceSummary } from "../api/types";
import { readOnly, setBackend } from "../state/backend";
import { applyBatch, setConnection } from "../state/log";
import { EMPTY } from "../state/state";
import { change, state } from "../state/store";
import { followAddress } from "../state/url";
import { batch, step, summary } from "../testing/traces";
import { breakpoints, heldDetails, heldTrace, setBreakpoints, startHolds } from "./store";

const hold = (more: Partial<Hold> = {}): Hold => ({ begin: 5, did: null, end: null, step: 0, ...more });
const held = (id: string, ...holds: Hold[]): TraceSummary => summary(id, { state: "running", holds });
const answer = (trace: string, at = 0): HeldRequests => ({
  held: [{ trace, step: at, left: 9, can: ["go"] } as unknown as Held],
  passed: 0,
  threads: null,
});
/** What the server answers to what is asked about held requests, in order; null: nothing. */
let answers: (HeldRequests | null | Promise<HeldRequests>)[] = [];
let asked = 0;

startHolds();
followAddress();

beforeEach(() => {
  vi.useFakeTimers();
  [answers, asked] = [[], 0];
  setBackend(
    readOnly(<T>(path: string) => {
      if (path !== "api/held") return Promise.resolve(null);
      asked += 1;
      return Promise.resolve(
        (answers.length > 1 ? answers.shift() : answers[0]) ?? null,
      ) as Promise<T | null>;
    }),
  );
  change(() => ({ ...applyBatch(EMPTY, batch([summary("a")]), 0), connection: "live" }));
});

afterEach(async () => {
  change(() => EMPTY);
  await vi.runOnlyPendingTimersAsync();
  vi.useRealTimers();
});

it("brings a held request forward, with its address, and follows again once it is over", async () => {
  answers = [answer("b")];
  change((before) => applyBatch(before, batch([held("b", hold())], [step(0)], "b"), 1));
  expect(state.value).toMatchObject({ selected: "b", follow: false });
  await vi.advanceTimersByTimeAsync(1000);
  expect(location.hash).toBe("#b");
  change((before) => applyBatch(before, batch([summary("b", { holds: [hold({ end: 9, did: "go" })] })]), 2));
  await vi.advanceTimersByTimeAsync(1000);
  expect(state.value.follow).toBe(true);
  expect(location.hash).toBe("");
});

it("knows what can be done with it, though the connection was lost as it was held", async () => {
  answers = [null];
  change((before) => applyBatch(before, batch([held("c", hold())], [step(0)], "c"), 1));
  change((before) => setConnection(before, "lost", 2));
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked).toBe(1);
  answers = [answer("c")];
  change((before) => setConnection(before, "live", 6000));
  await vi.advanceTimersByTimeAsync(0);
  const trace = heldTrace();
  expect(trace && heldDetails(trace)?.held.can).toEqual(["go"]);
});

it("asks once a second at most until it knows, whatever is held meanwhile", async () => {
  answers = [{ ...answer("b"), held: [] }];
  for (const begin of [1, 2, 3, 4, 5])
    change((before) => applyBatch(before, batch([held("b", hold({ begin }))], [step(0)], "b"), begin));
  expect(asked).toBe(5);
  await vi.advanceTimersByTimeAsync(3500);
  expect(asked).toBe(8);
});

it("shows the step at which a request is held now, whichever answer comes last", async () => {
  let late: (found: HeldRequests) => void = () => undefined;
  answers = [new Promise((resolve) => (late = resolve)), answer("b", 1)];
  change((before) => applyBatch(before, batch([held("b", hold())], [step(0)], "b"), 1));
  const next = [hold({ end: 7, did: "step" }), hold({ begin: 8, step: 1 })];
  change((before) => applyBatch(before, batch([held("b", ...next)], [step(1)], "b"), 2));
  await vi.advanceTimersByTimeAsync(0);
  late(answer("b", 0));
  await vi.advanceTimersByTimeAsync(0);
  const trace = heldTrace();
  expect(trace && heldDetails(trace)?.held.step).toBe(1);
});

it("sends a change of the breakpoints once the one before it is answered", async () => {
  const sent: unknown[] = [];
  let answered: () => void = () => undefined;
  const there = { on: true, breakpoints: [], revision: 1, cannot: null };
  setBackend({
    ...readOnly(<T>(path: string) =>
      Promise.resolve((path === "api/breakpoints" ? there : null) as T | null),
    ),
    command: <T>(_path: string, _method: string, body: Json) => {
      sent.push(body);
      return new Promise<T | null>((resolve) => {
        answered = (): void => {
          resolve({ ...there, ...(body as object) } as T);
        };
      });
    },
  });
  change((before) => setConnection(before, "lost", 1));
  change((before) => setConnection(before, "live", 2));
  await vi.advanceTimersByTimeAsync(0);
  setBreakpoints([], false);
  setBreakpoints([], true);
  // What the user sees is what was set last, all the while.
  expect(breakpoints.value.on).toBe(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toEqual([{ on: false, breakpoints: [] }]);
  answered();
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toHaveLength(2);
  answered();
  await vi.advanceTimersByTimeAsync(0);
  expect(breakpoints.value.on).toBe(true);
});
