import { afterEach, expect, test, vi } from "vitest";

import { Api } from "./http";
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
    resume: () => ({ epoch: null, last: null, running: [], watch: null, have: 0 }),
  });
  live.start();
  await vi.advanceTimersByTimeAsync(60_000);
  const waits = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(Math.max(...waits)).toBe(1000);
  expect(waits.length).toBeGreaterThan(59);
});

class Opened extends EventTarget {
  static last: Opened;
  readonly sent: string[] = [];

  constructor() {
    super();
    Opened.last = this;
  }

  send(packet: string): void {
    this.sent.push(packet);
  }

  close(): void {
    this.dispatchEvent(new Event("close"));
  }

  take(packet: string): void {
    this.dispatchEvent(new MessageEvent("message", { data: packet }));
  }
}

const FAILING = vi.fn((batch: Batch) => {
  if (batch.seq < 3) throw new RangeError("cannot be taken in");
});

function failing(onConnection = vi.fn()): Live {
  FAILING.mockClear();
  return new Live(new Api(), {
    onBatch: FAILING,
    onConnection,
    onRefused: vi.fn(),
    resume: () => ({ epoch: null, last: null, running: [], watch: null, have: 0 }),
  });
}

function answering(answer: (path: string) => unknown): void {
  vi.stubGlobal("fetch", (path: string) => Promise.resolve(new Response(JSON.stringify(answer(path)))));
}

test("a message that cannot be taken in is acknowledged, and the next ones are taken in", async () => {
  vi.useFakeTimers();
  const log = vi.spyOn(console, "error").mockReturnValue();
  vi.stubGlobal("WebSocket", Opened);
  answering(() => ({ ticket: "a" }));
  failing().start();
  await vi.advanceTimersByTimeAsync(1);
  Opened.last.take("40{}");
  for (const seq of [1, 2, 3]) Opened.last.take(`42${JSON.stringify(["batch", { seq, process: {} }])}`);
  expect(Opened.last.sent.filter((packet) => packet.includes("ack"))).toEqual([
    '42["ack",1]',
    '42["ack",2]',
    '42["ack",3]',
  ]);
  expect(FAILING).toHaveBeenCalledTimes(3);
  expect(log).toHaveBeenCalledTimes(1);
});

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
