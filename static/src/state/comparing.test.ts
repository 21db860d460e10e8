// @vitest-environment happy-dom

import { expect, it, test, vi } from "vitest";

import { actions } from "./actions";
import { readOnly, setBackend } from "./backend";
import { compareSelected, pairingNamed, pairingText, pathOf, setPairing } from "./comparing";
import { sendOneMore } from "./sending";
import { EMPTY, type Pairing } from "./state";
import { change, state } from "./store";
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

it("shows nothing that was asked for before something else was picked", async () => {
  const trace = { id: "c", state: "done", method: "GET", path: "/", query: "", process: {}, steps: [] };
  setBackend(
    readOnly(<T>(path: string) =>
      Promise.resolve((path.includes("/last") ? { id: "b" } : { ...trace, traces: [] }) as T),
    ),
  );
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { headers: { "X-Lifecycle-Trace": "c" } })));
  const pairing: Pairing = { a: ["a"], b: ["b"] };
  for (const isLeft of [true, false]) {
    change(() => ({ ...EMPTY, selected: "a" }));
    const comparing = compareSelected();
    if (isLeft) actions.select("z");
    await comparing;
    expect(state.value.compared).toEqual(isLeft ? null : pairing);

    change(() => setPairing(EMPTY, pairing));
    const sending = sendOneMore(pairing, ["b"]);
    if (isLeft) actions.endComparing();
    await sending;
    expect(state.value.compared).toEqual(isLeft ? null : { a: ["a"], b: ["c", "b"] });
  }
  vi.unstubAllGlobals();
});
