// @vitest-environment happy-dom

import { expect, it } from "vitest";

import { close, height, move, next, stop, stopAt } from "./sheet";

it("goes from stop to stop, and ends a pull at the nearest, or where it was flung", () => {
  innerHeight = 844;
  dispatchEvent(new Event("resize"));
  expect([stop.value, height.value]).toEqual(["closed", 53]);
  next();
  expect([stop.value, height.value]).toEqual(["half", 470]);
  move(1);
  move(1);
  expect([stop.value, height.value]).toEqual(["full", 798]);
  next();
  move(-1);
  expect(stop.value).toBe("closed");
  expect([stopAt(60, 0), stopAt(300, 0), stopAt(600, 0), stopAt(700, 0)]).toEqual([
    "closed",
    "half",
    "half",
    "full",
  ]);
  expect([stopAt(60, 1), stopAt(480, 1), stopAt(460, -1), stopAt(790, -1)]).toEqual([
    "half",
    "full",
    "closed",
    "half",
  ]);
  expect([stopAt(798, 2), stopAt(53, -2)]).toEqual(["full", "closed"]);
  move(1);
  close();
  expect(stop.value).toBe("closed");
  // Little room: half of it is no more than there is.
  innerHeight = 360;
  dispatchEvent(new Event("resize"));
  expect(["half" as const].map(() => (next(), height.value))).toEqual([188]);
});
