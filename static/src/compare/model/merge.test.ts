import { expect, it } from "vitest";

import { merge } from "./merge";

const merged = (a: string, b: string): string =>
  merge([...a], [...b], (each) => each)
    .map(([one, other]) => (one === null ? `+${other}` : other === null ? `-${one}` : one))
    .join(" ");

it("keeps the order of the first, and puts what the second has after what it followed", () => {
  expect(merged("abc", "abc")).toBe("a b c");
  expect(merged("ukr", "ufr")).toBe("u -k +f r");
  expect(merged("", "ab")).toBe("+a +b");
  expect(merged("ab", "")).toBe("-a -b");
  expect(merged("ac", "xabcy")).toBe("+x a +b c +y");
});

it("has everything once, whatever the orders are", () => {
  for (const b of ["cba", "bxca", "zcb", "acb"]) {
    const pairs = merge([..."abc"], [...b], (each) => each);
    expect(pairs.flatMap(([one]) => one ?? []).join("")).toBe("abc");
    expect(pairs.flatMap(([, other]) => other ?? []).sort()).toEqual([...b].sort());
  }
});
