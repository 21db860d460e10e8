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
