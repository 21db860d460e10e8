import { expect, test } from "vitest";

import { unbroken, written } from "./text";

test("values are written as Python writes them, texts as they are", () => {
  expect(written(null)).toBe("None");
  expect(written({ a: [true, false, null], b: 'null "true" \\' })).toBe(
    '{"a": [True, False, None], "b": "null \\"true\\" \\\\"}',
  );
  expect(written({ a: [true], "b:c": "d,e:f" }, 1)).toBe('{\n "a": [\n  True\n ],\n "b:c": "d,e:f"\n}');
});

test("a number and its unit stay together, and nothing else does", () => {
  expect(unbroken("sends 12 chunks (1,250 bytes) in 12.1 ms, 3 steps later")).toBe(
    "sends 12\u00a0chunks (1,250\u00a0bytes) in 12.1\u00a0ms, 3 steps later",
  );
});
