import { expect, test } from "vitest";

import { written } from "./text";

test("values are written as Python writes them, texts as they are", () => {
  expect(written(null)).toBe("None");
  expect(written({ a: [true, false, null], b: 'null "true" \\' })).toBe(
    '{"a":[True,False,None],"b":"null \\"true\\" \\\\"}',
  );
  expect(written([true], 1)).toBe("[\n True\n]");
});
