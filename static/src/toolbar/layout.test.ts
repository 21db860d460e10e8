// @vitest-environment happy-dom

import { expect, test } from "vitest";

import { fit, planOf } from "./layout";
import type { Ran, RequestRecord } from "./types";
import { draw } from "./drawing";

function ran(name: string, more: Partial<Ran> = {}): Ran {
  return { step: 1, name, took: 1000, outcome: "ok", sql: 0, ...more };
}

function record(more: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: "1",
    state: "done",
    method: "GET",
    path: "/",
    about: "index",
    status: 200,
    step_count: 9,
    strip: [],
    elapsed: 10_000,
    sent: null,
    document: true,
    error: null,
    sql: [0, 0],
    ends: [0, 0],
    warnings: [],
    handler: null,
    bars: { sql: [], template: [] },
    instead: null,
    back: true,
    layers: [
      { label: "contexts", in: [], out: [ran("close_db")] },
      { label: "app", in: [ran("load"), ran("check")], out: [ran("headers")] },
    ],
    view: { ...ran("index"), begin: 0 },
    ...more,
  };
}

function classes(drawing: SVGElement): readonly string[] {
  return [...drawing.querySelectorAll("path")].map((each) => each.getAttribute("class") ?? "");
}

test("layers lie inside each other, rows inside their layer", () => {
  const { layers, rows, view, bottom, height } = planOf(record());
  const [outer, inner] = layers;
  expect(outer?.top).toBeLessThan(inner?.top ?? 0);
  expect(outer?.bottom).toBeGreaterThan(inner?.bottom ?? 0);
  for (const row of rows) expect(row.y).toBeLessThan(view);
  expect(new Set(rows.filter(({ inward }) => inward).map(({ y }) => y)).size).toBe(2);
  expect(bottom).toBeLessThan(height);
});

test("a view that went well is one way down and up", () => {
  expect(classes(draw(record(), 440, "#1"))).toEqual(["pipe", "in", "out", "out fill"]);
});

test("a hook that answers turns the way", () => {
  const answered = record({
    view: null,
    instead: "view skipped",
    layers: [{ label: "app", in: [ran("ask", { outcome: "short_circuit" })], out: [] }],
  });
  expect(planOf(answered).stopped?.name).toBe("ask");
  expect(classes(draw(answered, 440, "#1"))).toContain("short");
  expect(draw(answered, 440, "#1").textContent).toContain("view skipped");
});

test("an error without a handler does not come back", () => {
  const raised = record({
    error: ["KeyError", "x"],
    view: { ...ran("index", { outcome: "raised" }), begin: 0 },
    layers: [],
    back: false,
  });
  expect(classes(draw(raised, 440, "#1"))).not.toContain("out");
  const handled = { ...raised, handler: ran("sorry"), back: true };
  expect(classes(draw(handled, 440, "#1"))).toContain("err");
});

test("what is on its way is drawn as far as it has come", () => {
  const running = { state: "running", back: false } as const;
  const inward = { label: "app", in: [ran("load"), ran("ask", { outcome: null })], out: [] };
  const way = (more: Partial<RequestRecord>, cls: string): string =>
    draw(record({ ...running, layers: [inward], ...more }), 440, "#1")
      .querySelector(`path.${cls}`)
      ?.getAttribute("d") ?? "";
  expect(
    classes(draw(record({ ...running, view: null, instead: "not there yet", layers: [inward] }), 440, "#1")),
  ).toEqual(["pipe", "in"]);
  expect(way({ view: null, instead: "not there yet" }, "in")).toBe("M21 4V70");
  expect(way({ view: { ...ran("index", { outcome: null }), begin: 0 } }, "in")).toMatch(/H220$/);
  const out = { label: "app", in: [], out: [ran("first", { outcome: null }), ran("second")] };
  expect(way({ back: true, layers: [out] }, "out")).toMatch(/V46$/);
});

test("every name leads to its step, but for several in one row", () => {
  const drawing = draw(
    record({
      layers: [{ label: "app", in: [ran("load", { step: 7 }), ran("+3 hooks", { step: null })], out: [] }],
    }),
    440,
    "/panel/#1",
  );
  expect([...drawing.querySelectorAll("a")].map((each) => each.getAttribute("href"))).toEqual([
    "/panel/#1/1",
    "/panel/#1/7",
  ]);
});

test("a name is cut only where the one opposite leaves it no room", () => {
  const long = "a_name_of_thirty_four_letters_here";
  const texts = (out: readonly Ran[]): string =>
    draw(record({ layers: [{ label: "app", in: [ran(long)], out }], elapsed: 1e9 }), 380, "#1").textContent;
  expect(texts([])).toContain(long);
  expect(texts([ran("log")])).toContain(long);
  expect(texts([ran(long)])).not.toContain(long);
});

test("names of any length and script fit", () => {
  expect(fit("short", 8)).toBe("short");
  expect(fit("remember_the_milk", 9)).toBe("reme…milk");
  expect(fit("abc", -4)).toBe("a…c");
  expect(fit("x".repeat(100_000), 10)).toHaveLength(10);
  const odd = record({
    layers: [{ label: "x".repeat(1000), in: [ran("<b>&\u202e🧀", { took: 0 })], out: [] }],
    elapsed: 0,
  });
  expect(draw(odd, 300, "#1").querySelector("b")).toBeNull();
});
