import { expect, test } from "vitest";

import { differenceOf } from "./difference";

const MS = 1e6;

test.each([
  // Beyond the noise, as the server has found.
  [{ a: 12 * MS, b: 10 * MS, beyond: true }, false, "−2.00 ms", true],
  [{ a: 10 * MS, b: 12 * MS, beyond: false }, false, "≈", false],
  // One run: no weight, and ≈ where no number of runs would show it.
  [{ a: 10 * MS, b: 12 * MS, beyond: true }, true, "+2.00 ms", false],
  [{ a: 10 * MS, b: 10.4 * MS, beyond: true }, true, "≈", false],
  [{ a: 1000, b: 90_000, beyond: true }, true, "≈", false],
  // What is in one alone is no matter of chance.
  [{ a: 10 * MS, b: null, beyond: false }, true, "−10.0 ms", true],
  [{ a: null, b: 310_000, beyond: false }, false, "+310 µs", true],
  [{ a: null, b: null, beyond: false }, false, "", false],
])("%o, single: %s", (times, single, text, sure) => {
  expect(differenceOf(times, single)).toEqual({ text, sure });
});
