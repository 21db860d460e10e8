import { expect, it } from "vitest";

import { typical } from "../testing/traces";
import { atStep, FIT } from "./camera";
import { draw } from "./layout/draw";
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
