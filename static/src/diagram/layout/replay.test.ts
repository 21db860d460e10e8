/** What a replay shows, at every moment of every lifecycle. */

import { describe, expect, it } from "vitest";

import type { Trace } from "../../api/types";
import { anyTrace, MAP, STORIES, tell } from "../../testing/fixtures";
import * as lives from "../../testing/traces";
import { cueAt, cuesOf, type Cue } from "../../trace/cues";
import { journey } from "../model/journey";
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
  return draw(journey(trace, MAP, at, at), space);
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
