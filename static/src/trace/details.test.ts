import { describe, expect, it } from "vitest";

import { step, trace } from "../testing/traces";
import { type Step, REPEATED } from "../api/types";
import { changesOf } from "./changes";
import { groups } from "./statements";
import { inOneLine, placeOf, ranIn } from "./details";

const statement = (
  text: string,
  line: number,
  parameters: number[] = [],
): readonly ["sql", string, Partial<Step>] => [
  "sql",
  text,
  { detail: { statement: text, parameters, place: { file: "app.py", line } } },
];

describe("groups", () => {
  it("finds a query for each of many things", () => {
    const rows = Array.from({ length: REPEATED }, (_, id) => statement("SELECT ?", 7, [id]));
    const found = groups(trace([["view", "index", {}, [...rows, statement("SELECT 1", 8)]]]));
    expect(found.map((group) => [group.steps.length, group.repeated])).toEqual([[REPEATED, true]]);
  });

  it("tells the same question from another place, or with other parameters, apart", () => {
    const rows = Array.from({ length: REPEATED }, (_, id) => statement("SELECT ?", id, [id]));
    expect(groups(trace([["view", "index", {}, rows]]))).toEqual([]);
  });

  it("finds what was asked twice", () => {
    const found = groups(
      trace([
        ["before_request", "load", {}, [statement("SELECT ?", 1, [3])]],
        ["view", "index", {}, [statement("SELECT ?", 2, [3])]],
      ]),
    );
    expect(found.map((group) => [group.steps.length, group.repeated])).toEqual([[2, false]]);
  });
});

describe("ranIn", () => {
  it("is the function of the user's, through templates", () => {
    const { steps } = trace([
      ["dispatch", "d", {}, [["view", "index", {}, [["template", "a.html", {}, [["sql", "SELECT 1"]]]]]]],
    ]);
    const sql = steps.find((each) => each.stage === "sql") ?? step(0);
    expect(ranIn(sql, steps)?.name).toBe("index");
  });

  it("is what there is, outside of any", () => {
    const { steps } = trace([["body", "body", {}, [["sql", "SELECT 1"]]]]);
    expect(ranIn(steps[1] ?? step(0), steps)?.stage).toBe("body");
    expect(ranIn(steps[0] ?? step(0), steps)).toBeNull();
  });
});

describe("changesOf", () => {
  it("lists g, the session and the response", () => {
    const changes = {
      g: { added: { user: "ann" }, changed: {}, removed: ["db"] },
      response: {
        status: ["200 OK", "201 CREATED"],
        headers: { added: { "Cache-Control": "no-store" }, changed: {}, removed: [] },
        cookies: { set: { theme: "dark" }, deleted: ["old"] },
      },
    };
    const found = changesOf(step(0, { detail: { changes } }));
    expect(found.map(({ where, kind, name }) => `${kind} ${where} ${name}`)).toEqual([
      "added g user",
      "removed g db",
      "changed status 200 OK",
      "added header Cache-Control",
      "added cookie theme",
      "removed cookie old",
    ]);
  });

  it("takes what is none for none", () => {
    for (const changes of [
      null,
      1,
      "x",
      [],
      { g: 1, session: [], response: "x" },
      { g: { added: 1, removed: 2 } },
    ])
      expect(changesOf(step(0, { detail: { changes } }))).toEqual([]);
  });
});

it("takes a place for one only where it is one", () => {
  expect(placeOf({ file: "a.py", line: 1 })).toEqual({ file: "a.py", line: 1 });
  for (const value of [null, undefined, [], { file: 1, line: 1 }, { file: "a.py" }])
    expect(placeOf(value)).toBeNull();
});

describe("inOneLine", () => {
  it("has no colon before nothing", () => {
    expect([
      inOneLine({ type: "KeyError", message: "'id'" }),
      inOneLine({ type: "TimeoutError", message: "" }),
    ]).toEqual(["KeyError: 'id'", "TimeoutError"]);
  });
});
