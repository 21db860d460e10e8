import { describe, expect, it } from "vitest";

import type { Step, Trace } from "../../api/types";
import { draw } from "./draw";
import type { Drawing, Space } from "./sheet";
import { journey } from "../model/journey";
import type { Shape } from "./shapes";
import { COLLECTED } from "../../trace/steps";
import { anyTrace, cut, MAP, STORIES, tell } from "../../testing/fixtures";

const SPACE = {
  width: 1160,
  height: 760,
  selected: null,
  measure: (text: string) => Array.from(text).length * 7.5,
};
const drawn = (trace: Trace, elapsed = 1e9, space: Partial<Space> = {}): Drawing =>
  draw(journey(trace, MAP, elapsed), { ...SPACE, ...space });

function* flat(shapes: readonly Shape[]): Generator<Shape> {
  for (const shape of shapes) {
    yield shape;
    if (shape.el === "node" || shape.el === "fold" || shape.el === "link") yield* flat(shape.shapes);
  }
}

/** The steps that have a node, or are counted in a fold. */
function placed(drawing: Drawing): number[] {
  return drawing.shapes.flatMap((shape) =>
    shape.el === "node" && shape.step !== null ? [shape.step] : shape.el === "fold" ? shape.steps : [],
  );
}

const lifecycle = (trace: Trace): number[] =>
  trace.steps.filter((step) => !COLLECTED.has(step.stage)).map((step) => step.id);
const inOrder = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b);

describe("every step has one place", () => {
  const check = (trace: Trace): void => {
    const collected = new Set(trace.steps.filter((step) => COLLECTED.has(step.stage)).map((step) => step.id));
    for (const space of [
      {},
      { width: 390 },
      { width: 390, opened: new Set(["layers"]) },
      { mine: true },
      { width: 390, mine: true },
    ])
      expect(inOrder(placed(drawn(trace, 1e9, space)).filter((id) => !collected.has(id)))).toEqual(
        lifecycle(trace),
      );
  };
  const ofPackages = (trace: Trace): Trace => ({
    ...trace,
    steps: trace.steps.map((step): Step => ({
      ...step,
      package: step.id % 3 === 0 ? "flask_login" : null,
    })),
  });

  it.each(Object.keys(STORIES) as (keyof typeof STORIES)[])("of %s", (name) => {
    check(tell(STORIES[name]));
    check(ofPackages(tell(STORIES[name])));
  });
  it("of a request that runs", () => {
    check(cut(tell(STORIES.typical), "view"));
  });
  it("of any trace at all", () => {
    for (let seed = 1; seed <= 150; seed++) check(ofPackages(anyTrace(seed)));
  });
});

describe("bad input", () => {
  const NAMES = {
    "any script": "Ünïcødé_日本語_имя_ชื่อ",
    emoji: "👩‍👩‍👧‍👦🏳️‍🌈".repeat(20),
    "right to left": "שלום \u202e evil \u202c עולם",
    markup: "<script>alert(1)</script>&amp;\"'",
    controls: "a\u0000b\u0007c\u2028d\nend",
    "half of a pair": "\ud83d".repeat(50),
    "100,000 characters": "x".repeat(100_000),
    nothing: "",
  };

  it.each(Object.entries(NAMES))("names: %s", (_said, name) => {
    const base = tell(STORIES.typical);
    const renamed = (step: Step): Step => ({
      ...step,
      name,
      error: step.error === null ? null : { type: name, message: name },
      detail: { ...step.detail, from: name, for: name, args: { [name]: name } },
    });
    for (const story of [base, tell(STORIES.exception), tell(STORIES.shortcircuit)]) {
      const drawing = drawn({
        ...story,
        path: `/${name}`,
        query: name,
        endpoint: name,
        steps: story.steps.map(renamed),
      });
      for (const shape of flat(drawing.shapes)) {
        if (shape.el === "text") {
          const said = shape.parts.map((part) => part.text).join("");
          expect(said.length).toBeLessThan(600);
          expect(said).not.toMatch(/[\p{Cc}\u202d\u202e]/u);
        }
        if (shape.el === "node") expect(shape.title?.length ?? 0).toBeLessThan(10_000);
      }
      expect(drawing.width).toBeLessThanOrEqual(1560);
    }
  });

  it("times: none, an hour, and a clock that steps back", () => {
    const timed = (at: (step: Step) => readonly [begin: number, end: number], duration: number): Drawing => {
      const base = tell(STORIES.typical);
      return drawn({
        ...base,
        duration,
        steps: base.steps.map((step) => ({ ...step, begin: at(step)[0], end: at(step)[1] })),
      });
    };
    const hour = 3.6e12;
    for (const drawing of [
      timed(() => [0, 0], 0),
      timed((step) => [step.begin * 1e5, (step.end ?? 0) * 1e5], hour),
      timed((step) => [step.begin, step.begin - 5000], 1000),
      timed(() => [hour, 0], -1),
    ]) {
      const texts = [...flat(drawing.shapes)].map((shape) => JSON.stringify(shape)).join("");
      expect(texts).not.toMatch(/NaN|Infinity|null,"w"|-\d[\d.]* (µs|ms|s)\b/);
      for (const shape of flat(drawing.shapes))
        if (shape.el === "rect") expect(shape.w).toBeGreaterThanOrEqual(0);
    }
  });
});

describe("a replay", () => {
  it("shows no value of what is still to come", () => {
    const whole = tell(STORIES.exception);
    const handler = whole.steps.find((step) => step.stage === "error_handler");
    const early = draw(journey(whole, MAP, 1000, 1000), SPACE);
    const texts = [...flat(early.shapes)].flatMap((shape) =>
      shape.el === "text" ? shape.parts.map((part) => part.text) : [],
    );
    expect(texts).not.toContain(whole.steps.find((step) => step.stage === "start_response")?.name);
    expect(texts).not.toContain(handler?.name);
    expect(texts.join(" ")).toContain("not yet");
    expect(JSON.stringify(early)).toContain('"text":"not yet","cls":"big s0"');
  });
});
