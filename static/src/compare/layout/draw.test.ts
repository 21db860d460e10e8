/** Nothing lies on anything else, whichever two requests are compared, at any size. */

import { describe, expect, it } from "vitest";

import type { Step, Trace } from "../../api/types";
import { journey } from "../../diagram/model/journey";
import type { Shape } from "../../diagram/layout/shapes";
import { comparisonOf } from "../../testing/comparing";
import { anyTrace, STORIES, tell } from "../../testing/fixtures";
import { flat, measure, overlaps, rectsOf, textsOf } from "../../testing/overlaps";
import { compared } from "../model/compared";
import type { Compared } from "../model/types";
import { drawCompared, type ComparedDrawing } from "./draw";

const WIDTHS = [340, 390, 560, 759, 760, 1000, 1044, 1640];
const HEIGHTS = [300, 720, 1080];

function modelOf(a: Trace, b: Trace, single = false): Compared {
  const runs = { a: [a.id], b: [b.id, "again"] };
  const of = (trace: Trace) => journey(trace, null, trace.duration ?? 0);
  return compared(comparisonOf(a, b, single ? { runs } : {}), { a: of(a), b: of(b) });
}

function draw(model: Compared, width = 1044, height = 720, selected: number | null = null): ComparedDrawing {
  return drawCompared(model, { width, height, measure, selected });
}

const CHIPS = /^(chip|pill)\b/;

function faultsOf(drawing: ComparedDrawing): string[] {
  const texts = textsOf(drawing);
  const chips = rectsOf(drawing, CHIPS);
  const labels = rectsOf(drawing, /^lg$/);
  return [
    ...overlaps(texts, texts),
    ...overlaps(chips, chips),
    ...overlaps(labels, chips, 1.5),
    ...onWires(drawing),
    ...texts
      .filter(({ left, right }) => left < 0 || right > drawing.width)
      .map(({ said }) => `outside: ${said}`),
  ];
}

/** Chips, and what stands beside them, that reach a wire. */
function onWires(drawing: ComparedDrawing): string[] {
  const nodes = drawing.shapes.filter((shape) => shape.el === "node" && shape.key !== "view");
  const dots = [...flat(nodes)].flatMap((shape) =>
    shape.el === "circle" && shape.cls.startsWith("dot") ? [shape.cx] : [],
  );
  const middle = drawing.width / 2;
  const first = Math.max(...dots.filter((x) => x < middle));
  const last = Math.min(...dots.filter((x) => x > middle));
  return textsOf({ ...drawing, shapes: nodes })
    .filter(({ left, right }) => left < first + 5 || right > last - 5)
    .map(({ said }) => `on a wire: ${said}`);
}

const renamed = (trace: Trace, stage: string, to: string): Trace => ({
  ...trace,
  steps: trace.steps.map((step): Step => (step.stage === stage ? { ...step, name: to } : step)),
});
const long = (trace: Trace): Trace => ({
  ...trace,
  steps: trace.steps.map((step): Step => ({
    ...step,
    name: `${step.name}_with_a_name_that_goes_on_${step.id}`,
  })),
});
/** With ten like statements at the end of its view. */
const repeating = (trace: Trace): Trace => {
  const view = trace.steps.find(({ stage }) => stage === "view");
  if (view === undefined) return trace;
  const [end, length] = [view.end ?? view.begin, 1e6];
  const more = Array.from({ length: 10 }, (_, index): Step => ({
    ...view,
    id: trace.steps.length + index,
    parent: view.id,
    stage: "sql",
    name: "SELECT id, name FROM author WHERE id = ?",
    begin: end + index * length,
    end: end + (index + 0.8) * length,
    outcome: "ok",
    error: null,
    detail: { kind: "statement" },
  }));
  const steps = trace.steps.map((step) => (step === view ? { ...step, end: end + 10 * length } : step));
  return { ...trace, steps: [...steps, ...more] };
};
const slower = (trace: Trace): Trace => ({
  ...trace,
  steps: trace.steps.map((step): Step => ({
    ...step,
    begin: step.begin * 2,
    end: step.end === null ? null : step.end * 2,
  })),
});

const typical = tell(STORIES.typical);
/** The typical one, held for nine seconds before a function ran. */
const heldAt = (name: string): Trace => {
  const step = typical.steps.find((each) => each.name === name) as Step;
  const later = (ns: number): number => (ns > step.begin ? ns + 9e9 : ns);
  return {
    ...typical,
    duration: (typical.duration ?? 0) + 9e9,
    steps: typical.steps.map((each): Step => ({
      ...each,
      begin: later(each.begin),
      end: later(each.end ?? 0),
    })),
    holds: [{ step: step.id, begin: step.begin, end: step.begin + 9e9, did: null }],
  };
};

const told = Object.values(STORIES).map((story) => tell(story));
const PAIRS: readonly (readonly [string, Trace, Trace])[] = [
  ...told.flatMap((a, one) => told.map((b, other) => [`${one} and ${other}`, a, b] as const)),
  ...told.map((b, other) => [`repeating and ${other}`, repeating(typical), b] as const),
  ...told.map((a, one) => [`${one} and repeating`, a, slower(repeating(typical))] as const),
  ...told.map((a, one) => [`${one} and long`, a, long(a)] as const),
  ["renamed", typical, renamed(renamed(typical, "start_response", "404 NOT FOUND"), "url_match", "/other")],
];

describe("nothing lies on anything else", () => {
  it.each(PAIRS)("of %s", (_name, a, b) => {
    for (const single of [false, true]) {
      const model = modelOf(a, b, single);
      for (const width of WIDTHS)
        for (const height of HEIGHTS)
          expect(faultsOf(draw(model, width, height)).map((each) => `${width}×${height}: ${each}`)).toEqual(
            [],
          );
    }
  });

  it("in any two traces at all, chips and labels", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const drawing = draw(modelOf(anyTrace(seed), anyTrace(seed + 1)));
      const chips = rectsOf(drawing, CHIPS);
      expect(overlaps(chips, chips)).toEqual([]);
    }
  });
});

describe("A is hollow, and B is solid", () => {
  const classes = (shapes: readonly Shape[], el: Shape["el"]): string[] =>
    [...flat(shapes)].flatMap((shape) => (shape.el === el && "cls" in shape ? [shape.cls.trim()] : []));

  it("with a ring and a disc for each step of both", () => {
    const drawing = draw(modelOf(typical, typical));
    for (const shape of drawing.shapes)
      if (shape.el === "node" && shape.key !== "view") {
        const dots = classes(shape.shapes, "circle");
        expect(dots.filter((each) => each.includes("ringed"))).toHaveLength(1);
        expect(dots).toHaveLength(2);
      }
    expect(rectsOf(drawing, /ghost|new|one/)).toEqual([]);
  });

  it("with the one of them alone, and what that means in words, for a step of one", () => {
    const without = { ...typical, steps: typical.steps.map((step) => ({ ...step })) };
    const drawing = draw(modelOf(typical, renamed(without, "before_request", "load_flags")));
    const nodes = drawing.shapes.flatMap((shape) =>
      shape.el === "node" && shape.stage === "before_request" ? [shape] : [],
    );
    const only = (side: string) => nodes.filter(({ label }) => label.includes(`only in ${side}`));
    expect(only("A").map(({ shapes }) => classes(shapes, "circle"))).toContainEqual(["dot ringed in"]);
    expect(only("B").map(({ shapes }) => classes(shapes, "circle"))).toContainEqual(["dot in"]);
    for (const { shapes } of only("A")) expect(classes(shapes, "rect")[0]).toBe("chip ghost");
    for (const { shapes } of only("B")) expect(classes(shapes, "rect")[0]).toBe("chip new");
    // In each band, those of A first.
    expect(nodes.map(({ label }) => / only in A| only in B/.exec(label)?.[0].at(-1) ?? "").join("")).toMatch(
      /^(?:A+B+){3}$/,
    );
  });

  it.each(["load_user", "show"])("with the time that one was held at %s hatched, without a scale", (name) => {
    const drawing = draw(modelOf(typical, heldAt(name)));
    const widths = rectsOf(drawing, /^hold$/).map(({ left, right }) => right - left);
    expect(widths).toEqual([14]);
    // It is no time of the app's: nothing differs by it.
    const alone = draw(modelOf(typical, typical));
    expect(textsOf(drawing).map((each) => each.said)).toEqual(textsOf(alone).map((each) => each.said));
    const lanes = (of: ComparedDrawing): string[] =>
      rectsOf(of, /^seg\b/).map(({ left, right }) => `${left.toFixed(1)} ${right.toFixed(1)}`);
    expect(lanes(drawing)).toEqual(lanes(alone));
  });

  it("with a wire past the names of bands, where a hook of an outer one raised", () => {
    const drawing = draw(modelOf(typical, tell(STORIES.refused)));
    const ways = [...flat(drawing.shapes)].flatMap((shape) =>
      shape.el === "path" && shape.cls === "w err" ? [shape.d] : [],
    );
    expect(ways[0]).toMatch(/^M[\d.]+ [\d.]+V/);
  });

  it("with a wire each, red from where it raised to what answers", () => {
    const wires = classes(draw(modelOf(typical, tell(STORIES.exception))).shapes, "path").filter((each) =>
      each.startsWith("w "),
    );
    expect(wires.filter((each) => each === "w err").length).toBeGreaterThan(0);
    expect(wires).not.toContain("w tube err");
    const other = classes(draw(modelOf(tell(STORIES.exception), typical)).shapes, "path");
    expect(other).toContain("w tube err");
    expect(other).not.toContain("w err");
  });

  it("with no way into the view for what was answered before it", () => {
    const drawing = draw(modelOf(typical, tell(STORIES.shortcircuit)));
    expect(classes(drawing.shapes, "path")).toContain("w short");
    expect(textsOf(drawing).some(({ said }) => said.includes("only in A"))).toBe(true);
  });
});

it("cuts no name on a phone that has room on a line of its own", () => {
  const said = textsOf(draw(modelOf(tell(STORIES.typical), tell(STORIES.typical)), 390))
    .map((text) => text.said)
    .filter((text) => text.includes("…") && !text.startsWith("view"));
  expect(said).toEqual([]);
});

it("walks through the steps in the order in which the wires pass them", () => {
  const model = modelOf(typical, typical);
  const { order } = draw(model);
  const stages = order.map((index) => typical.steps[model.comparison.steps[index]?.a ?? -1]?.stage);
  expect(stages.indexOf("before_request")).toBeLessThan(stages.indexOf("view"));
  expect(stages.indexOf("view")).toBeLessThan(stages.indexOf("after_request"));
  expect(new Set(order).size).toBe(order.length);
  for (const selected of order) {
    const { shapes } = draw(model, 1044, 720, selected);
    expect(shapes.filter((shape) => shape.el === "node" && shape.current)).toHaveLength(1);
  }
});

it("says by how much one view answers sooner, and brackets like statements", () => {
  const said = textsOf(draw(modelOf(slower(repeating(typical)), typical))).map((each) => each.said);
  expect(said.find((each) => each.startsWith("B answers"))).toMatch(/^B answers .* sooner$/);
  expect(said.filter((each) => each.includes("×"))).toEqual(["10 × SELECT … FROM author WHERE id = ?"]);
  const back = textsOf(draw(modelOf(typical, slower(typical)))).map((each) => each.said);
  expect(back.find((each) => each.startsWith("B answers"))).toMatch(/later$/);
});

it("has no time in weight where a side has one run", () => {
  const weight = (single: boolean): string[] =>
    [...flat(draw(modelOf(typical, slower(typical), single)).shapes)].flatMap((shape) =>
      shape.el === "text" && shape.parts[0].cls.includes("hot") ? [shape.parts[0].text] : [],
    );
  expect(weight(true)).toEqual([]);
  expect(weight(false).length).toBeGreaterThan(0);
});
