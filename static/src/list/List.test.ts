// @vitest-environment happy-dom

import { h, render } from "preact";
import { expect, it } from "vitest";

import { EMPTY } from "../state/state";
import { change, state } from "../state/store";
import type { TraceSummary } from "../api/types";
import { summary } from "../testing/traces";
import { List } from "./List";

it("says of a request that failed that it did, whatever was answered before", () => {
  const error = { type: "ValueError", message: "", step: null };
  const answered = [200, 500, 200, null].map((status, index) =>
    summary(`${9 - index}`, { status, error: index === 0 ? null : error }),
  );
  change(() => ({ ...EMPTY, epoch: "one", traces: answered, kept: answered.length, next: null }));
  const box = document.createElement("div");
  render(h(List, {}), box);
  const said = [...box.querySelectorAll(".row .s")].map(
    (each) => `${each.textContent.trim()} ${each.className}`,
  );
  expect(said).toEqual(["200 s s2", "500 s s5", "200 ✕ s s5", "500 by the server s s5"]);
});

function drawn(more: readonly Partial<TraceSummary>[]): HTMLElement {
  const traces = more.map((each, index) => summary(`${9 - index}`, each));
  const process = { pid: 1, started_at: 0, several: true };
  change(() => ({ ...EMPTY, epoch: "one", process, traces, kept: traces.length, next: null }));
  const box = document.createElement("div");
  render(h(List, {}), box);
  return box;
}
const texts = (box: HTMLElement, selector: string): readonly string[] =>
  [...box.querySelectorAll(selector)].map((each) => each.textContent);

it("tells rows apart that differ by their query, and breaks long ones", () => {
  const box = drawn([
    { path: "/tour/crash" },
    { path: "/tour/crash", query: "production" },
    { path: "/shop/search", query: "q=flask+web+development&sort=price&page=2", method: "POST" },
  ]);
  expect(texts(box, ".row .p")).toEqual([
    "/tour/crash",
    "/tour/crash?production",
    "/shop/search?q=flask+web+development&sort=price&page=2",
  ]);
  expect(texts(box, ".row .l").slice(2)).toEqual([
    "/shop/search?q=flask+web+",
    "development&sort=price&page=2",
  ]);
  expect(texts(box, ".writes")).toEqual(["POST"]);
});

it("shows at most two flags of a request, counts those that have some, and filters by them", () => {
  const flags = ["E", "N+1: 7×", "log! 2", "slow"].map((label) => ["ink", label, "why"] as const);
  const box = drawn([{ flags }, { flags: flags.slice(0, 1) }, {}]);
  expect(texts(box, ".flag")).toEqual(["E", "N+1: 7×", "E"]);
  expect(texts(box, ".fl .more")).toEqual(["+2 log! 2, slow"]);
  const look = box.querySelector<HTMLElement>(".look");
  expect(look?.textContent).toBe("2 need a look");
  look?.click();
  expect(state.value.filter.trim()).toBe("is:flagged");
  look?.click();
  expect(state.value.filter).toBe("");
});

it("names the processes only where there are several", () => {
  const [one, two] = [1, 2].map((pid) => ({ process: { pid, host: "h", thread: "t", started_at: 0 } }));
  expect(texts(drawn([{ ...one }, { ...one }]), ".pb")).toEqual([]);
  expect(texts(drawn([{ ...one }, { ...two }]), ".pb")).toEqual(["w1", "w2"]);
});
