import { describe, expect, it } from "vitest";

import { trace, type Row } from "../testing/traces";
import { isStatement, transactions } from "./transactions";

const sent = (kind: string, connection: number | null = 1, more: Row[2] = {}): Row => [
  "sql",
  kind.toUpperCase(),
  { detail: { kind, connection }, ...more },
];
const select: Row = ["sql", "SELECT 1", { detail: { kind: "statement" } }];
const found = (...rows: readonly Row[]): string[] =>
  transactions(trace([["view", "index", {}, rows]]).steps).map(
    ({ from, to, row }) => `${from?.name ?? "?"} ${to?.name ?? "?"} ${row}`,
  );

describe("transactions", () => {
  it("are from BEGIN to COMMIT or ROLLBACK, one after the other in one row", () => {
    expect(
      found(sent("connect"), sent("begin"), select, sent("commit"), sent("begin"), sent("rollback")),
    ).toEqual(["BEGIN COMMIT 0", "BEGIN ROLLBACK 0"]);
  });

  it("have savepoints inside, below", () => {
    expect(
      found(
        sent("begin"),
        sent("savepoint"),
        sent("savepoint"),
        sent("release"),
        sent("rollback_to"),
        sent("commit"),
      ),
    ).toEqual(["BEGIN COMMIT 0", "SAVEPOINT ROLLBACK_TO 1", "SAVEPOINT RELEASE 2"]);
  });

  it("are told apart by their connections", () => {
    expect(found(sent("begin", 1), sent("begin", 2), sent("commit", 1), sent("rollback", 2))).toEqual([
      "BEGIN COMMIT 0",
      "BEGIN ROLLBACK 1",
    ]);
  });

  it("begin with the first statement where a driver does not say", () => {
    expect(found(select, select, sent("commit"), sent("commit"))).toEqual(["? COMMIT 0"]);
  });

  it("stay open where nothing ended them, or what should have raised", () => {
    const failed = sent("commit", 1, { outcome: "raised", error: { type: "IntegrityError", message: "" } });
    expect(found(sent("begin"), failed)).toEqual(["BEGIN ? 0"]);
    expect(found(sent("begin"), failed, sent("rollback"))).toEqual(["BEGIN ROLLBACK 0"]);
  });

  it("are none where nothing was sent but statements", () => {
    expect(found(select, ["sql", "SELECT 2"])).toEqual([]);
  });
});

it("takes what has no kind for a statement", () => {
  const { steps } = trace([["sql", "SELECT 1"], sent("commit"), ["view", "index"]]);
  expect(steps.map(isStatement)).toEqual([true, false, false]);
});
