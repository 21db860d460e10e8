/** What a replay shows, at every moment of every lifecycle. */

import { describe, expect, it } from "vitest";

import type { Trace } from "../../api/types";
import { anyTrace, MAP, STORIES, tell } from "../../testing/fixtures";
import * as lives from "../../testing/traces";
import { cueAt, cuesOf, type Cue } from "../../trace/cues";
import { journey } from "../model/journey";
import type { Journey } from "../model/types";
import { draw } from "./draw";
import type { Shape } from "./shapes";
import type { Drawing, Space } from "./sheet";

const SPACE = {
  width: 1160,
  height: 760,
  measure: (text: string) => Array.from(text).length * 7.5,
};
const LIVES: Readonly<Record<string, Trace>> = {
  ...Object.fromEntries(Object.entries(STORIES).map(([name, story]) => [name, tell(story)])),
  "short-circuit": lives.shortCircuit(),
  "an exception": lives.exception(),
  "not found": lives.notFound(),
  streaming: lives.streaming(),
  propagated: lives.propagated(),
};

function drawnAt(trace: Trace, at: number, cue: Cue, more: Partial<Space> = {}): Drawing {
  const space = { ...SPACE, selected: cue.step?.id ?? null, side: cue.side, ...more };
  return draw(journey(trace, MAP, at, at), space, settledOf(trace));
}

const settled = new WeakMap<Trace, Journey>();

function settledOf(trace: Trace): Journey | undefined {
  if (trace.state !== "done") return undefined;
  const known = settled.get(trace) ?? journey(trace, MAP, trace.duration ?? 0);
  settled.set(trace, known);
  return known;
}

function* flat(shapes: readonly Shape[]): Generator<Shape> {
  for (const shape of shapes) {
    yield shape;
    if ("shapes" in shape) yield* flat(shape.shapes);
  }
}

function classes(drawing: Drawing): string[] {
  return [...flat(drawing.shapes)].flatMap((shape) => ("cls" in shape ? shape.cls.split(" ").join(" ") : []));
}

const rings = (drawing: Drawing): number => classes(drawing).filter((cls) => cls === "ring").length;
const names = Object.keys(LIVES);
const life = (name: string): Trace => LIVES[name] ?? tell(STORIES.typical);

describe("as time goes on", () => {
  it.each(names)("in %s, the counter never falls", (name) => {
    const trace = life(name);
    const cues = cuesOf(trace);
    const last = cues.at(-1)?.at ?? 0;
    let before = 0;
    for (let at = 0; at <= last; at += last / 500) {
      const now = cueAt(cues, at);
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
    expect(cueAt(cues, last)).toBe(cues.length - 1);
  });

  it.each(names)("in %s, there is one ring, also between two cues", (name) => {
    const trace = life(name);
    const cues = cuesOf(trace);
    for (const [index, cue] of cues.entries()) {
      if (cue.step === null) continue;
      const next = cues[index + 1]?.at ?? cue.at;
      for (const at of [cue.at, (cue.at + next) / 2])
        expect([name, index, cue.step.stage, cue.side, rings(drawnAt(trace, at, cue))]).toEqual([
          name,
          index,
          cue.step.stage,
          cue.side,
          1,
        ]);
    }
  });

  it("there are never two rings, whatever the trace", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const trace = anyTrace(seed);
      for (const cue of cuesOf(trace)) expect(rings(drawnAt(trace, cue.at, cue))).toBeLessThanOrEqual(1);
    }
  });

  it.each(names)("in %s, the current chip is filled, so that its text is readable", (name) => {
    const trace = life(name);
    for (const cue of cuesOf(trace))
      for (const shape of drawnAt(trace, cue.at, cue).shapes) {
        if (shape.el !== "node") continue;
        const chip = [...flat(shape.shapes)].find(
          (each) => each.el === "rect" && each.cls.startsWith("chip"),
        );
        if (chip?.el === "rect") expect(chip.cls.split(" ").includes("cur")).toBe(shape.current);
        if (shape.current) expect(shape.state).not.toMatch(/pending|skipped/);
      }
  });
});

describe("nothing moves", () => {
  /** The places of bands, their names and boxes. */
  function places(drawing: Drawing): readonly string[] {
    const fixed = [...flat(drawing.shapes)].flatMap((shape) => {
      // The contexts of a body grow as time does.
      const isOfBody = shape.el === "rect" && shape.cls.startsWith("band") && !Number.isInteger(shape.x);
      if (shape.el === "rect" && /^(?:band|lg|vbox)/u.test(shape.cls) && !isOfBody)
        return [[shape.cls.split(" ")[0], shape.x, shape.y, shape.w, shape.h].join(" ")];
      return [];
    });
    return [`${drawing.width} × ${drawing.height}`, ...fixed];
  }

  /** The row of each step that has a chip. */
  function rowsOf(drawing: Drawing): ReadonlyMap<string, number> {
    return new Map(
      drawing.shapes.flatMap((shape) => {
        if (shape.el !== "node") return [];
        const chip = shape.shapes.find((each) => each.el === "rect" && each.cls.startsWith("chip"));
        return chip?.el === "rect" ? [[shape.key, chip.y] as const] : [];
      }),
    );
  }

  it.each(names)("in %s, from the first cue to the last", (name) => {
    const trace = life(name);
    const cues = cuesOf(trace);
    const last = cues.at(-1);
    if (last === undefined) return;
    const end = drawnAt(trace, last.at, last);
    for (const cue of cues) {
      const drawing = drawnAt(trace, cue.at, cue);
      // Some boxes are there only once it is known that they are needed.
      expect(places(end)).toEqual(expect.arrayContaining([...places(drawing)]));
      expect(places(drawing).filter((each) => !each.startsWith("vbox"))).toEqual(
        places(end).filter((each) => !each.startsWith("vbox")),
      );
      for (const [key, y] of rowsOf(drawing)) expect([key, y]).toEqual([key, rowsOf(end).get(key) ?? y]);
    }
  });

  it("in a request with many hooks, which stay folded", () => {
    const crowd = Array.from({ length: 20 }, (_, index) => ["before_request", `hook_${index}`] as const);
    const trace = lives.trace([["wsgi", "wsgi", {}, crowd]], { app_time: 1e12 });
    const cues = cuesOf(trace);
    const heights = cues.map((cue) => drawnAt(trace, cue.at, cue).height);
    expect(new Set(heights).size).toBe(1);
    for (const cue of cues.slice(1, -2)) expect(rings(drawnAt(trace, cue.at, cue))).toBe(1);
  });

  it("along the axis of the view: a statement stays where it is drawn first", () => {
    const trace = tell(STORIES.typical);
    const seen = new Map<number, number>();
    for (const cue of cuesOf(trace))
      for (const shape of flat(drawnAt(trace, cue.at, cue).shapes)) {
        if (shape.el !== "node" || shape.stage !== "sql" || shape.step === null) continue;
        const bar = shape.shapes.find((each) => each.el === "rect" && each.cls.startsWith("seg"));
        if (bar?.el !== "rect") continue;
        expect(seen.get(shape.step) ?? bar.x).toBeCloseTo(bar.x);
        seen.set(shape.step, bar.x);
      }
    expect(seen.size).toBeGreaterThan(2);
  });
});

describe("what is true then", () => {
  const textsAt = (trace: Trace, at: number, cue: Cue): string =>
    [...flat(drawnAt(trace, at, cue).shapes)]
      .flatMap((shape) => (shape.el === "text" ? shape.parts.map(({ text }) => text) : []))
      .join(" | ");

  it.each(names)("in %s, nothing is in flight", (name) => {
    const trace = life(name);
    for (const cue of cuesOf(trace)) expect(textsAt(trace, cue.at, cue)).not.toContain("in flight");
  });

  it("the view is not yet there, and a hook that is done says what it returned", () => {
    const trace = tell(STORIES.typical);
    const hook = cuesOf(trace).find(({ step }) => step?.name === "load_user");
    if (hook === undefined) throw new Error("There is no such hook.");
    const texts = textsAt(trace, hook.at, hook);
    expect(texts).toContain("show(id=42) | not yet");
    expect(texts).toContain("SQL 1.19 ms");
    expect(texts).toContain("→ None");
    expect(texts).toContain("1.20 ms");
    expect(texts).not.toMatch(/200 OK|22\.\d ms/u);
  });
});
