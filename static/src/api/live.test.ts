// @vitest-environment happy-dom

import { afterEach, expect, test, vi } from "vitest";

import { Api } from "./http";
import { hello, server } from "../testing/server";
import { Live } from "./live";
import type { Batch } from "./types";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
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
    resume: () => ({ epoch: null, last: null, running: [], watch: null, have: 0, position: null }),
  });
  live.start();
  await vi.advanceTimersByTimeAsync(60_000);
  const waits = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(Math.max(...waits)).toBe(1000);
  expect(waits.length).toBeGreaterThan(59);
});

const FAILING = vi.fn((batch: Batch) => {
  if (batch.seq < 3) throw new RangeError("cannot be taken in");
});

function failing(onConnection = vi.fn()): Live {
  FAILING.mockClear();
  return new Live(new Api(), {
    onBatch: FAILING,
    onConnection,
    onRefused: vi.fn(),
    resume: () => ({ epoch: null, last: null, running: [], watch: null, have: 0, position: null }),
  });
}

function answering(answer: (path: string) => unknown): void {
  vi.stubGlobal("fetch", (path: string) => Promise.resolve(new Response(JSON.stringify(answer(path)))));
}

test("where it polls, such a message is no lost connection", async () => {
  vi.useFakeTimers();
  const log = vi.spyOn(console, "error").mockReturnValue();
  answering((path) => (path === "api/ticket" ? { ticket: null } : { seq: 0, process: {} }));
  const onConnection = vi.fn();
  failing(onConnection).start();
  await vi.advanceTimersByTimeAsync(5000);
  expect(onConnection.mock.calls.map(([connection]) => connection as string)).toEqual(
    Array(FAILING.mock.calls.length).fill("polling"),
  );
  expect(FAILING.mock.calls.length).toBeGreaterThan(3);
  expect(log).toHaveBeenCalledTimes(1);
});

test.each([
  { several: false, took: 10, wait: 1000 },
  { several: true, took: 10, wait: 200 },
  { several: true, took: 100, wait: 300 },
  { several: true, took: 5000, wait: 1000 },
])("$several, $took ms: it polls again after $wait ms", async ({ several, took, wait }) => {
  vi.useFakeTimers();
  const polls: number[] = [];
  vi.stubGlobal("fetch", async (path: string) => {
    if (path === "api/ticket") return new Response(JSON.stringify({ ticket: null }));
    polls.push(Date.now());
    await new Promise((resolve) => setTimeout(resolve, took));
    return new Response(JSON.stringify({ seq: 9, process: { several } }));
  });
  failing().start();
  await vi.advanceTimersByTimeAsync(3 * (took + wait));
  expect(polls.slice(0, 3).map((at) => at - (polls[0] ?? 0))).toEqual([0, took + wait, 2 * (took + wait)]);
});

test("a message that cannot be taken in is acknowledged, and the next ones are taken in", async () => {
  const log = vi.spyOn(console, "error").mockReturnValue();
  const packets: string[] = [];
  server.once("connection", (peer) => {
    peer.on("message", (data) => packets.push((data as Buffer).toString()));
    peer.send(hello(5000, 5000));
    peer.send('40{"sid":"y"}');
    for (const seq of [1, 2, 3]) peer.send(`42${JSON.stringify(["batch", { seq, process: {} }])}`);
  });
  answering(() => ({ ticket: "a" }));
  failing().start();
  await vi.waitFor(() => {
    expect(packets.filter((packet) => packet.includes("ack"))).toEqual([
      '42["ack",1]',
      '42["ack",2]',
      '42["ack",3]',
    ]);
  });
  expect(FAILING).toHaveBeenCalledTimes(3);
  expect(log).toHaveBeenCalledTimes(1);
});
