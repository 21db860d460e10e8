import { expect, it } from "vitest";

import { namesOf, type Named } from "./processes";

const NONE: ReadonlyMap<string, string> = new Map();
const at = (pid: number, host = "h", app = "shop", started_at = pid): Named => ({
  pid,
  host,
  app,
  started_at,
});
const names = (processes: readonly Named[], known = NONE): readonly string[] => [
  ...namesOf(processes, known).values(),
];

it("a single process has no name, the workers of an app have numbers", () => {
  expect(names([at(1)])).toEqual([]);
  expect(names([at(3), at(1), at(2)])).toEqual(["w1", "w2", "w3"]);
});

it("of several apps or hosts they are named, with a number where there are several processes", () => {
  expect(names([at(1), at(1, "h", "stock")])).toEqual(["shop", "stock"]);
  expect(names([at(1), at(2), at(1, "web-2")])).toEqual(["h w1", "h w2", "web-2"]);
  expect(names([at(1), at(2, "web-2", "stock")])).toEqual(["shop h", "stock web-2"]);
});

it("a process keeps its number, and a new one gets the least that is free", () => {
  const before = namesOf([at(1), at(2), at(3)], NONE);
  expect(Object.fromEntries(namesOf([at(3), at(2), at(9), at(10)], before))).toEqual({
    "h 2 2 shop": "w2",
    "h 3 3 shop": "w3",
    "h 9 9 shop": "w1",
    "h 10 10 shop": "w4",
  });
});
