/** The shapes of pills. */

import { GEOMETRY } from "./geometry";
import { beadShape, stepNode } from "./nodes";
import type { Pill } from "./pills";
import type { Scene } from "./scene";
import { phrase, rect, type Shape } from "./shapes";

const { height: HEIGHT, padding: PADDING } = GEOMETRY.pill;

/** Draw a pill from its left edge, around a height. */
export function drawPill(scene: Scene, pill: Pill, x: number, y: number): readonly Shape[] {
  switch (pill.kind) {
    case "step": {
      const raised = pill.step.outcome === "raised" ? "err" : "";
      const shapes = bordered(pill, x, y, `${pill.cls} ${raised}`, pill.text, `pt ${pill.cls}`);
      return [stepNode(scene, pill.step, pill.label, shapes)];
    }
    case "signal":
      return [stepNode(scene, pill.step, `signal ${pill.step.name}`, [beadShape(pill.step, x + 5, y)])];
    case "link":
      return [linkShape(pill, x, y)];
    case "change":
      return [changeShape(pill, x, y)];
    case "note":
      return pill.tone === "short"
        ? bordered(pill, x, y, "short", pill.text, "pt short")
        : [phrase(x, y + 4.4, "start", pill.text, `tag ${pill.tone}`)];
    case "fold":
      return [
        {
          el: "fold",
          key: pill.key,
          steps: pill.open ? [] : pill.steps,
          open: pill.open,
          label: pill.label,
          shapes: bordered(pill, x, y, "more", pill.text, "pt"),
        },
      ];
  }
}

/** A time beside a chip, or the names that a step changed: all of them, where the text names some. */
function changeShape({ text, all }: Extract<Pill, { kind: "change" }>, x: number, y: number): Shape {
  const shape = phrase(x, y + 4.4, "start", text, "changed");
  return shape.el !== "text" || all === undefined ? shape : { ...shape, title: `changed: ${all}` };
}

function linkShape(pill: Extract<Pill, { kind: "link" }>, x: number, y: number): Shape {
  const outwards = pill.outwards === true;
  const text = outwards ? `↖ ${pill.text}` : `${pill.text} ↗`;
  return {
    el: "link",
    key: `link:${pill.trace}`,
    trace: pill.trace,
    label: outwards ? `${text}: the request in which this one ran` : `request inside: ${text}`,
    shapes: bordered(pill, x, y, "req", text, "pt req"),
  };
}

function bordered(
  { w }: Pill,
  x: number,
  y: number,
  border: string,
  text: string,
  cls: string,
): readonly Shape[] {
  return [pillRect(x, y, w, border), phrase(x + PADDING, y + 4.2, "start", text, cls)];
}

export function pillRect(x: number, y: number, w: number, cls: string): Shape {
  return rect(x, y - HEIGHT / 2, w, HEIGHT, HEIGHT / 2, `pill ${cls}`);
}
