/** What a drawing is made of: pure data, no DOM. */

import type { Stage, Step } from "../../api/types";
import type { State } from "../../trace/steps";

export interface TextPart {
  readonly text: string;
  readonly cls: string;
  readonly dx?: number;
}

export interface Node {
  readonly el: "node";
  readonly key: string;
  readonly step: number | null;
  /** The step of which this is the way back. */
  readonly of?: number;
  readonly stage: Stage;
  readonly state: State;
  readonly label: string;
  readonly title?: string;
  readonly current: boolean;
  readonly shapes: readonly Shape[];
}

export type Shape =
  | {
      readonly el: "rect";
      readonly x: number;
      readonly y: number;
      readonly w: number;
      readonly h: number;
      readonly rx: number;
      readonly cls: string;
      readonly title: string | undefined;
    }
  | {
      readonly el: "circle";
      readonly cx: number;
      readonly cy: number;
      readonly r: number;
      readonly cls: string;
    }
  | { readonly el: "path"; readonly d: string; readonly cls: string }
  | {
      readonly el: "text";
      readonly x: number;
      readonly y: number;
      readonly anchor: Anchor;
      readonly parts: readonly [TextPart, ...TextPart[]];
    }
  /** Opens or closes what is folded: so many steps, of which these are drawn when it is open. */
  | {
      readonly el: "fold";
      readonly key: string;
      readonly steps: readonly number[];
      readonly open: boolean;
      readonly label: string;
      readonly shapes: readonly Shape[];
    }
  /** Leads to another request. */
  | {
      readonly el: "link";
      readonly key: string;
      readonly trace: string;
      readonly label: string;
      readonly shapes: readonly Shape[];
    }
  | Node;

export type Measure = (text: string, font: string) => number;

export interface Point {
  readonly x: number;
  readonly y: number;
  /** The edges of what stands there. */
  readonly left: number;
  readonly right: number;
}

const SANS = "ui-sans-serif, system-ui, sans-serif";
const MONO = "ui-monospace, monospace";

/** The fonts of what has to fit: in px, as diagram.css has them; larger on a stage. */
export function fonts(
  stage: boolean,
): Readonly<
  Record<"kind" | "name" | "ghost" | "pill" | "bubble" | "segment" | "band" | "sub" | "title", string>
> {
  const [kind, name, pill] = stage ? ["14px", "15.5px", "13px"] : ["12px", "13.5px", "11.5px"];
  return {
    kind: `${kind} ${SANS}`,
    name: `600 ${name} ${MONO}`,
    ghost: `400 ${name} ${MONO}`,
    pill: `650 ${pill} ${SANS}`,
    bubble: `650 13px ${SANS}`,
    segment: `600 12px ${MONO}`,
    band: `700 12.5px ${SANS}`,
    sub: `12px ${MONO}`,
    title: `700 17px ${MONO}`,
  };
}

type Anchor = "start" | "middle" | "end";

export const rect = (
  x: number,
  y: number,
  w: number,
  h: number,
  rx: number,
  cls: string,
  title?: string,
): Shape => ({ el: "rect", x, y, w, h, rx, cls, title });
export const circle = (cx: number, cy: number, r: number, cls: string): Shape => ({
  el: "circle",
  cx,
  cy,
  r,
  cls,
});
export const line = (d: string, cls: string): Shape => ({ el: "path", d, cls });
export const words = (
  x: number,
  y: number,
  anchor: Anchor,
  ...parts: readonly [TextPart, ...TextPart[]]
): Shape => ({ el: "text", x, y, anchor, parts });
export const phrase = (x: number, y: number, anchor: Anchor, text: string, cls: string): Shape =>
  words(x, y, anchor, { text, cls });

/** A path, or a part of one: its numbers to a tenth of a px. */
export function d(texts: TemplateStringsArray, ...values: readonly (number | string)[]): string {
  return String.raw(
    { raw: texts },
    ...values.map((value) => (typeof value === "number" ? Math.round(value * 10) / 10 : value)),
  );
}

/** How long a title that the browser shows may be. */
export const LONGEST_TITLE = 2000;

export function stepNode(
  step: Step,
  state: State,
  label: string,
  current: boolean,
  shapes: readonly Shape[],
): Node {
  const said = label.slice(0, LONGEST_TITLE);
  return {
    el: "node",
    key: `step:${step.id}`,
    step: step.id,
    stage: step.stage,
    state,
    label: said,
    title: said,
    current,
    shapes,
  };
}

/** What stands on the wire without a chip: a signal is a diamond, anything else a small bead. */
export function beadShape(step: Step, x: number, y: number): Shape {
  return step.stage === "signal"
    ? line(d`M${x} ${y - 5}l5 5l-5 5l-5-5z`, `sig ${step.outcome === "raised" ? "err" : ""}`)
    : circle(x, y, 4, `bead ${step.outcome === "raised" ? "err" : ""}`);
}
