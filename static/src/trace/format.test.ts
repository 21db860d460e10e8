import { expect, test } from "vitest";

import { change, cpuOf, lasting, memoryOf, plural, repeated, size, time, websocketOf } from "./format";
import { step } from "../testing/traces";
import type { Json } from "../api/types";

test("times and sizes are written to three figures", () => {
  expect([0, 999, 9_990, 1e6, 123_456_789, 2e9, 1e12].map(time)).toEqual([
    "0 µs",
    "1.0 µs",
    "10.0 µs",
    "1.00 ms",
    "123.5 ms",
    "2.00 s",
    "1000 s",
  ]);
  expect([0, 999].map(lasting)).toEqual(["–", "1.0 µs"]);
  expect([0, 999, 1000, 5_200_000].map(size)).toEqual(["0 B", "999 B", "1.0 kB", "5.2 MB"]);
  expect([0, 5_200_000, -1500].map(change)).toEqual(["+0 B", "+5.2 MB", "−1.5 kB"]);
});

test("numbers have their thousands apart, and a noun that agrees", () => {
  expect([0, 1, 5001].map((number) => plural(number, "request"))).toEqual([
    "0 requests",
    "1 request",
    "5,001 requests",
  ]);
});

test("what was measured is told where it was asked for, whatever was imported", () => {
  expect(cpuOf(step(0, { detail: { cpu: 7 } }))).toBe(7);
  expect(memoryOf(step(0, { detail: { memory: { net: -1, peak: 2 } } }))).toEqual({ net: -1, peak: 2 });
  expect(memoryOf(step(0))).toBeNull();
  for (const memory of [null, 7, "x", {}, { net: 1 }, { net: "1", peak: 2 }] as const)
    expect(memoryOf(step(0, { detail: { memory } }))).toBeNull();
});

test("of a step that repeats it is said how often, where not all are shown", () => {
  const said = (detail: Json): string => repeated(step(0, { detail: { repeated: detail } }));
  expect(said({ times: 100_000, first: 330 })).toBe("×100,000, first and last shown");
  expect(said({ times: 7, first: 0 })).toBe("×7, last shown");
  for (const found of [null, 7, "x", {}, { times: 1 }, { times: "1", first: 2 }])
    expect(said(found)).toBe("");
  expect(repeated(step(0))).toBe("");
});

test("a websocket is told by how long it was open and how it was closed", () => {
  const said = (websocket: Record<string, number | string | null>): string | null =>
    websocketOf(step(0, { detail: { websocket } }), 3e9);
  expect(said({ opened: 1e9, closed: 2e9, by: "client", code: 4001 })).toBe(
    "open 1.00 s · closed by the client (4001)",
  );
  expect(said({ opened: 1e9, closed: 2e9, by: "error", code: null })).toBe(
    "open 1.00 s · ended by an error in the app",
  );
  expect(said({ opened: 1e9, closed: 2e9, by: null, code: null })).toBe("open 1.00 s · closed");
  expect(said({ opened: 1e9, closed: null, by: null, code: null })).toBe("open 2.00 s");
  expect(websocketOf(step(0), 3e9)).toBeNull();
  expect(websocketOf(undefined, 3e9)).toBeNull();
});
