import { describe, expect, it } from "vitest";

import { clockOf } from "./clock";
import { clientStatus } from "./status";
import { appTime } from "../state/request";
import { applyBatch } from "../state/log";
import { EMPTY } from "../state/state";
import { batch, step, summary, trace } from "../testing/traces";
import type { Step } from "../api/types";

/** In 100 of the app's, and a body from 120 to 920 of which 50 are its own; then 30 to close it. */
const steps: Step[] = [
  step(0, { stage: "wsgi", begin: 0, end: 100 }),
  step(1, { stage: "view", begin: 20, end: 80, parent: 0 }),
  step(2, { stage: "body", begin: 120, end: 920 }),
  step(3, { stage: "sql", begin: 520, end: 540, parent: 2 }),
  step(4, { stage: "body_close", begin: 950, end: 980 }),
];
const slow = { ...trace([]), steps, duration: 1000, app_time: 180 };

describe("the app's clock", () => {
  const clock = clockOf(slow, 1000);

  it("stands while the server sends", () => {
    expect([clock.total, clock.sent]).toEqual([180, 820]);
    expect([0, 60, 100, 110, 120, 520, 920, 940, 1000].map(clock.at)).toEqual([
      0, 60, 100, 100, 100, 125, 150, 150, 180,
    ]);
  });

  it("leads back to a moment, the end included", () => {
    expect(clock.moment(60)).toBe(60);
    expect(clock.moment(125)).toBe(520);
    expect(clock.moment(180)).toBe(1000);
    for (const shown of [0, 10, 99, 101, 149, 160, 180])
      expect(clock.at(clock.moment(shown))).toBeCloseTo(shown);
  });

  it("leaves what the app did in a body its length", () => {
    expect(clock.place(20, 80)).toEqual([20, 80]);
    expect(clock.place(520, 540)).toEqual([125, 145]);
    expect(clock.place(120, 920)).toEqual([100, 150]);
    expect(clock.place(950, 980)[1] - clock.place(950, 980)[0]).toBe(30);
  });

  it("is the request's where nobody has measured it, and while the app runs", () => {
    expect(clockOf({ ...slow, app_time: null }, 1000).total).toBe(1000);
    expect(
      clockOf(
        { steps: [step(0, { stage: "wsgi", begin: 0, end: null })], duration: null, app_time: 40 },
        70,
      ).at(60),
    ).toBe(60);
  });
});

it("ticks with the app, not with the server", () => {
  const at = (more: object): number =>
    appTime(
      applyBatch(
        EMPTY,
        batch([summary("a", { state: "running", duration: null, elapsed: 5e6, app_time: 3e6, ...more })]),
        100,
      ),
      "a",
      110,
    );
  expect(at({ sending: false })).toBe(13e6);
  expect(at({ sending: true })).toBe(3e6);
  expect(at({ app_time: null })).toBe(15e6);
});

it("knows what the server answered in the app's place", () => {
  const error = { type: "ValueError", message: "", step: 0 };
  const status = (more: object): number | null =>
    clientStatus(summary("a", { status: null, error, ...more }));
  expect(status({})).toBe(500);
  expect(status({ status: 200 })).toBe(200);
  expect(status({ error: null })).toBeNull();
  expect(status({ state: "running" })).toBeNull();
  expect(status({ error: { ...error, type: "SystemExit" } })).toBeNull();
});
