import { expect, it } from "vitest";

import { summary } from "../testing/traces";
import { parse } from "../trace/filter";
import type { TraceSummary } from "../api/types";
import { sieve } from "./sieve";

/** A request that counts how often its path is read. */
function counting(id: string, path: string, reads: { count: number }): TraceSummary {
  return Object.defineProperty({ ...summary(id) }, "path", {
    get: () => {
      reads.count += 1;
      return path;
    },
  });
}

it("lets through what each term does, whatever came, went, changed or was typed before", () => {
  const matching = sieve();
  const filters = [
    "",
    "p",
    "path:/a",
    "path:/a status:2xx",
    "status:2xx",
    "time:>fast x",
    "-path:/a",
    "path:/b",
  ];
  let all: readonly TraceSummary[] = [];
  for (let turn = 0; turn < 200; turn += 1) {
    const trace = summary(turn.toString().padStart(3, "0"), {
      path: turn % 3 === 0 ? "/a" : "/b",
      status: turn % 5 === 0 ? 404 : 200,
    });
    const changed = turn % 7 === 0 ? all.map((each) => ({ ...each, path: "/a" })) : all;
    all = [trace, ...(turn % 11 === 0 ? changed.toSpliced(turn % 4, 1) : changed)];
    const filter = filters[Math.floor(turn / 2) % filters.length] ?? "";
    expect(matching(all, filter)).toEqual(all.filter(parse(filter).matches));
  }
});

it("tests by a term only what it has not tested yet", () => {
  const reads = { count: 0 };
  const matching = sieve();
  const old = Array.from({ length: 50 }, (_, index) => counting(`${99 - index}`, "/a", reads));
  matching(old, "path:/a");
  expect(reads.count).toBe(50);
  matching([counting("b", "/a", reads), counting("a", "/a", reads), ...old.slice(0, 49)], "path:/a");
  expect(reads.count).toBe(52);
  matching(old, "path:/a status:200 -is:running");
  expect(reads.count).toBe(53);
  matching(old, "path:/a path:/a path:/a");
  expect(reads.count).toBe(53);
});

it("returns the same array while the same requests pass", () => {
  const matching = sieve();
  const [a, b] = [summary("a", { path: "/a" }), summary("b", { path: "/b" })];
  const first = matching([b, a], "/a");
  expect(matching([summary("c", { path: "/c" }), b, a], "path:/a")).toBe(first);
});
