import { expect, test } from "vitest";

import { between, ticks, zoomed } from "./range";

test("zooming keeps to the request, and has a least length", () => {
  expect(zoomed([0, 8e6], 2, 8e6)).toEqual([2e6, 6e6]);
  expect(zoomed([0, 2e6], 0.5, 8e6)).toEqual([0, 4e6]);
  expect(zoomed([0, 8e6], 0.5, 8e6)).toEqual([0, 8e6]);
  expect(zoomed([0, 1000], 2, 8e6)).toEqual([0, 1000]);
});

test("a part is picked in either direction", () => {
  expect(between([1e6, 3e6], 0.75, 0.25)).toEqual([1.5e6, 2.5e6]);
  expect(between([0, 1e6], -1, 2)).toEqual([0, 1e6]);
});

test("ticks are round and few", () => {
  expect(ticks([0, 9.4e6], 5)).toEqual([0, 2e6, 4e6, 6e6, 8e6]);
  expect(ticks([1.31e6, 1.36e6], 5)).toEqual([1.31e6, 1.32e6, 1.33e6, 1.34e6, 1.35e6, 1.36e6]);
  expect(ticks([0, 0], 5).length).toBe(1);
});
