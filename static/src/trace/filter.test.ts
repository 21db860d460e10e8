import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { draftOf, parse, whole, words } from "./filter";
import { summary } from "../testing/traces";
import type { TraceSummary } from "../api/types";

interface Cases {
  readonly traces: readonly (Partial<TraceSummary> & { readonly id: string })[];
  readonly cases: readonly { readonly q: string; readonly finds: string }[];
  readonly wrong: readonly { readonly q: string; readonly error: string }[];
}

const { traces, cases, wrong } = JSON.parse(readFileSync("../tests/summary/filters.json", "utf-8")) as Cases;
const all = traces.map((more) => summary(more.id, more));
const found = (text: string): string =>
  all
    .filter(parse(text).matches)
    .map((trace) => trace.id)
    .join("");

describe("a filter", () => {
  test.each(cases)("$q finds $finds", ({ q, finds }) => {
    expect(parse(q).errors).toEqual([]);
    expect(found(q)).toBe(finds);
  });

  test.each(wrong)("$q is not understood", ({ q, error }) => {
    expect(parse(q).errors).toEqual([error]);
    expect(found(`${q} status:404`)).toBe("1ac");
  });

  test.each(["::", "a:b:c", "x".repeat(100_000), '"'.repeat(9999), "\\".repeat(9999), "\ud800"])(
    "nonsense breaks nothing: %s",
    (text) => {
      expect(() => found(text)).not.toThrow();
    },
  );

  test.each(["", "status:4xx", '"a b', 'path:"a\\"', 'a "b" "', "a ", '"', "\\", 'a\\"b', '"a\\'])(
    "%s is done with once it is whole",
    (text) => {
      expect(draftOf(whole(text)).draft).toBe("");
      expect(whole(whole(text))).toBe(whole(text));
    },
  );

  test("is made of words as they are written", () => {
    expect(words('status:5xx  -path:"/a b" free')).toEqual(["status:5xx", '-path:"/a b"', "free"]);
  });
});
