import { expect, it } from "vitest";

import { MAP, STORIES, tell } from "../testing/fixtures";
import { typical } from "../testing/traces";
import { cuesOf } from "../trace/cues";
import { atStep, FIT } from "./camera";
import { draw } from "./layout/draw";
import type { Shape } from "./layout/shapes";
import { journey } from "./model/journey";

it("looks at what a step ran in, where it is not drawn itself", () => {
  const trace = typical();
  const hook = trace.steps.findIndex((step) => step.name === "log_access");
  const log = {
    ...trace.steps[hook],
    id: trace.steps.length,
    stage: "log",
    parent: hook,
  } as (typeof trace.steps)[number];
  const steps = [...trace.steps, log];
  const drawing = draw(journey({ ...trace, steps }, null, 0), {
    width: 1160,
    height: 760,
    selected: null,
    measure: (text) => text.length * 7,
  });
  expect(atStep(drawing, hook, steps)).not.toEqual(FIT);
  expect(atStep(drawing, log.id, steps)).toEqual(atStep(drawing, hook, steps));
  expect(atStep(drawing, log.id, [...trace.steps, { ...log, parent: null }])).toEqual(FIT);
});

it("sees a whole chip with its dot on a phone", () => {
  const trace = typical();
  const drawing = draw(journey(trace, null, 0), {
    width: 390,
    height: 760,
    selected: null,
    stage: true,
    measure: (text) => text.length * 9,
  });
  const chips = trace.steps.filter(({ stage }) => stage === "before_request" || stage === "dispatch");
  for (const { id } of chips) {
    const { k, x } = atStep(drawing, id, trace.steps);
    const shapes = drawing.shapes.find((shape) => shape.el === "node" && shape.step === id);
    const edges = (shapes?.el === "node" ? shapes.shapes : []).flatMap((shape) =>
      shape.el === "rect"
        ? [shape.x, shape.x + shape.w]
        : shape.el === "circle"
          ? [shape.cx - shape.r, shape.cx + shape.r]
          : [],
    );
    const seen = edges.map((edge) => (edge / drawing.width) * k + x);
    expect(seen.length).toBeGreaterThan(3);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...seen)).toBeLessThanOrEqual(1);
  }
});

const circles = (shapes: readonly Shape[]): readonly Extract<Shape, { el: "circle" }>[] =>
  shapes.flatMap((shape) =>
    shape.el === "circle" ? [shape] : "shapes" in shape ? circles(shape.shapes) : [],
  );

it.each([
  ["a stage", 1160, 724],
  ["a low stage", 980, 540],
  ["a phone", 390, 618],
] as const)("has the ring in sight at each moment of a replay, on %s", (_, width, height) => {
  for (const story of Object.values(STORIES)) {
    const trace = tell(story);
    for (const { at, step, side } of cuesOf(trace)) {
      const selected = step?.id ?? null;
      const space = {
        width,
        height,
        selected,
        side,
        stage: true,
        measure: (text: string) => text.length * 8,
      };
      const drawing = draw(journey(trace, MAP, at, at), space);
      const ring = circles(drawing.shapes).find(({ cls }) => cls === "ring");
      if (ring === undefined || selected === null) continue;
      const { k, x, y } = atStep(drawing, selected, trace.steps, height);
      const place = [(ring.cx / drawing.width) * k + x, (ring.cy / drawing.height) * k + y] as const;
      expect(place[0]).toBeGreaterThan(0);
      expect(place[0]).toBeLessThan(1);
      expect(place[1]).toBeGreaterThan(0);
      expect(place[1]).toBeLessThan(height / drawing.height);
    }
  }
});
