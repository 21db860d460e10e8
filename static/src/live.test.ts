import { afterEach, expect, test, vi } from "vitest";

import { Api, Live } from "./live";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("however long the server is gone, it is asked each second whether it is back", async () => {
  vi.useFakeTimers();
  const asked: number[] = [];
  vi.stubGlobal("fetch", () => {
    asked.push(Date.now());
    return Promise.reject(new TypeError("Failed to fetch"));
  });
  const live = new Live(new Api(), {
    onBatch: vi.fn(),
    onConnection: vi.fn(),
    onRefused: vi.fn(),
    resume: () => ({ epoch: null, last: null, running: [], watch: null, have: 0 }),
  });
  live.start();
  await vi.advanceTimersByTimeAsync(60_000);
  const waits = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(Math.max(...waits)).toBe(1000);
  expect(waits.length).toBeGreaterThan(59);
});
