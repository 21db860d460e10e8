import { expect, it } from "vitest";

import { topFor } from "./sight";

it("goes no further than the end", () => {
  expect(topFor(300, [0, 90, 180, 190], 200, 385)).toBe(180);
  expect(topFor(300, [0, 190], 200, 385)).toBe(185);
});

it("begins at the border of a band near the middle, if the row stays in sight", () => {
  expect(topFor(300, [0, 90, 180, 290], 200, 900)).toBe(180);
  expect(topFor(300, [0, 290], 200, 900)).toBe(200);
  expect(topFor(300, [], 200, 900)).toBe(200);
});
