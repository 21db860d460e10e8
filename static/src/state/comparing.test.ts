import { expect, it, test } from "vitest";

import { pairingNamed, pairingText, pathOf, setPairing } from "./comparing";
import { EMPTY } from "./state";
import { fromAddress, toAddress } from "./url";

it.each([
  ["a..b", { a: ["a"], b: ["b"] }],
  ["a.c..b", { a: ["a", "c"], b: ["b"] }],
  ["a..b.d.e", { a: ["a"], b: ["b", "d", "e"] }],
])("reads %s, and writes it again", (text, pairing) => {
  expect(pairingNamed(text)).toEqual(pairing);
  expect(pairingText(pairing)).toBe(text);
  const address = toAddress(setPairing(EMPTY, pairing));
  expect(address).toBe(`?compare=${text}`);
  expect(fromAddress(EMPTY, { search: address, hash: "" }).compared).toEqual(pairing);
});

test.each([null, "", "a", "a..", "..b", "a..b..c", "."])("finds no comparison in %o", (text) => {
  expect(pairingNamed(text)).toBeNull();
});

it("asks for the other runs of each", () => {
  expect(pathOf({ a: ["1"], b: ["2", "3"] })).toBe("api/compare?a=1&b=2&b=3&runs=alike");
});
