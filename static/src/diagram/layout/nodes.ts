/** Nodes that represent a step and can be selected. */

import type { Step } from "../../api/types";
import { GEOMETRY } from "./geometry";
import { isCurrent, type Scene } from "./scene";
import { circle, d, line, type Node, type Shape } from "./shapes";

/** The maximum length of a tooltip. */
export const LONGEST_TITLE = 2000;

export function stepNode(scene: Scene, step: Step, label: string, shapes: readonly Shape[]): Node {
  const title = label.slice(0, LONGEST_TITLE);
  return {
    el: "node",
    key: `step:${step.id}`,
    step: step.id,
    stage: step.stage,
    state: scene.moment.state(step),
    label: title,
    title,
    current: isCurrent(scene, step),
    held: isHeld(scene, step),
    shapes,
  };
}

/** Whether the request is held at a step. */
export function isHeld({ journey }: Scene, step: Step | null): boolean {
  return step !== null && journey.held?.step === step.id;
}

/** The disc where a request is held. */
export function pauseShapes(x: number, y: number): readonly Shape[] {
  return [
    circle(x, y, GEOMETRY.dot.pause, "pause", "held here"),
    line(d`M${x - 3.2} ${y - 4.7}v9.4M${x + 3.2} ${y - 4.7}v9.4`, "pause-bars"),
  ];
}

/** A step on the wire without a chip: a diamond for a signal, else a small bead. */
export function beadShape(step: Step, x: number, y: number): Shape {
  const raised = step.outcome === "raised" ? "err" : "";
  return step.stage === "signal"
    ? line(d`M${x} ${y - 5}l5 5l-5 5l-5-5z`, `sig ${raised}`)
    : circle(x, y, 4, `bead ${raised}`);
}

/** A selectable bead: its click target, which is also the ring when selected, is larger. */
export function beadNode(scene: Scene, step: Step, label: string, x: number, y: number): Node {
  if (isHeld(scene, step)) return stepNode(scene, step, label, pauseShapes(x, y));
  return stepNode(scene, step, label, [
    circle(x, y, 8, isCurrent(scene, step) ? "ring" : "hit"),
    beadShape(step, x, y),
  ]);
}
