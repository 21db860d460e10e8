import { describe, expect, it } from "vitest";

import { linesOf, type Line } from "./lines";

const text = (line: Line): string => line.map(([each, isQuery]) => (isQuery ? `<${each}>` : each)).join("");
const lines = (path: string, query = "", first = 20, second = 24): readonly string[] =>
  linesOf({ path, query }, first, second).map(text);
const plain = (path: string, query = "", first = 20, second = 24): readonly string[] =>
  linesOf({ path, query }, first, second).map((line) => line.map(([each]) => each).join(""));

describe("a path", () => {
  it("is one line where it fits", () => {
    expect(lines("/shop/")).toEqual(["/shop/"]);
    expect(lines("/tour/crash", "a=1")).toEqual(["/tour/crash<?a=1>"]);
    expect(lines(`/${"x".repeat(19)}`)).toHaveLength(1);
    expect(lines(`/${"x".repeat(20)}`)).toHaveLength(2);
    expect(lines("")).toEqual([""]);
  });
  it("is broken after a separator, in path and query", () => {
    expect(lines("/admin/orders/42/items/7")).toEqual(["/admin/orders/42/", "items/7"]);
    expect(lines("/shop/search", "q=flask+web&sort=price")).toEqual([
      "/shop/search<?q=>",
      "<flask+web&sort=price>",
    ]);
    expect(lines("/corners/after-hook", "production")).toEqual(["/corners/after-hook", "<?production>"]);
  });
  it("is broken anywhere where it has no separators", () => {
    expect(plain("x".repeat(30))).toEqual(["x".repeat(20), "x".repeat(10)]);
    expect(plain(`/a/${"x".repeat(30)}`)).toEqual([`/a/${"x".repeat(17)}`, "x".repeat(13)]);
  });
  it("is cut in the middle where two lines are too few", () => {
    const [one = "", two = ""] = plain(`/${"a".repeat(50)}/the/end`);
    expect([one.length, two.length]).toEqual([20, 24]);
    expect(two).toMatch(/^a+….*\/the\/end$/);
    expect(plain("/x", `q=${"a".repeat(90_000)}&last=1`)[1]).toMatch(/….*&last=1$/);
    expect(plain("y".repeat(90_000)).join("")).toHaveLength(44);
  });
  it("has room for wide letters, and keeps whole ones", () => {
    expect(plain("日本語".repeat(5))).toEqual(["日本語日本語日本語日", "本語日本語"]);
    expect(plain("💥".repeat(11))).toEqual(["💥".repeat(10), "💥"]);
    expect(plain(`${"e\u0301".repeat(20)}`)).toEqual(["e\u0301".repeat(20)]);
    expect(plain("a\nb\u0000c")).toEqual(["a b c"]);
  });
  it.each(["\u202eevil\u202c/مرحبا", "\ud800".repeat(50), "/".repeat(500), "%00".repeat(40)])(
    "is at most two lines, whatever is in it: %s",
    (path) => {
      for (const [first, second] of [
        [20, 24],
        [1, 2],
        [0, 0],
      ] as const)
        expect(linesOf({ path, query: path }, first, second).length).toBeLessThanOrEqual(2);
    },
  );
});
