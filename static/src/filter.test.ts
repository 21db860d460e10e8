import { describe, expect, test } from "vitest";

import { parse } from "./filter";
import { summary } from "./testing";
import type { TraceSummary } from "./types";

const admin = summary("1", { path: "/admin/x", status: 404, method: "POST", blueprints: ["admin", "admin.orders"], duration: 60e6, endpoint: "admin.orders.x" });
const plain = summary("2", { path: "/", status: 200, duration: 2e6, strip: [["sql", 0, 1]] });
const running = summary("3", { path: "/slow", status: null, state: "running", duration: null, elapsed: 80e6 });
const broken = summary("4", { path: "/static/x", status: 500, error: { type: "E", message: "", step: 1 }, parent: "2" });
const all: readonly TraceSummary[] = [admin, plain, running, broken];

const found = (text: string): string => all.filter(parse(text).matches).map((trace) => trace.id).join("");

describe("a filter", () => {
  test.each([
    ["", "1234"],
    ["status:404", "1"],
    ["status:4xx", "1"],
    ["status:>399", "14"],
    ["method:post", "1"],
    ["bp:admin", "1"],
    ["bp:orders", "1"],
    ["path:/s", "34"],
    ["-path:/static", "123"],
    ["endpoint:admin.orders.x", "1"],
    ["time:>50", "13"],
    ["time:<5", "24"],
    ["is:running", "3"],
    ["is:inner", "4"],
    ["has:error", "4"],
    ["has:sql", "2"],
    ["ADMIN", "1"],
    ["get -status:500", "23"],
    ["  path:/  time:>50  ", "13"],
  ])("%s finds %s", (text, ids) => {
    expect(parse(text).errors).toEqual([]);
    expect(found(text)).toBe(ids);
  });

  test.each([
    ["time:>fast", "time:>fast: a number of ms is expected"],
    ["status:no", "status:no: a status such as 404, 5xx or >399 is expected"],
    ["is:odd", "is:odd: one of running, done, inner is expected"],
    ["-has:what", "-has:what: one of error, sql, template, blueprint is expected"],
    ["colour:red", "colour:red: one of status: method: bp: path: endpoint: time: is: has: is expected"],
    ["constructor:x", "constructor:x: one of status: method: bp: path: endpoint: time: is: has: is expected"],
  ])("%s is not understood", (text, error) => {
    expect(parse(text).errors).toEqual([error]);
    expect(found(text)).toBe("1234");
  });

  test.each(["-", ":", "::", "\u0000", "💥", "a:b:c", "[(", "x".repeat(100_000)])("nonsense breaks nothing: %s", (text) => {
    expect(() => found(text)).not.toThrow();
  });
});
