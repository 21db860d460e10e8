/** The shapes of a drawing: pure data, no DOM. */

import type { Stage, When } from "../../api/types";
import type { Breakable } from "../../trace/breakpoints";
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
  /** Whether the request is held here. */
  readonly held?: boolean;
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
      readonly title: string | undefined;
    }
  | { readonly el: "path"; readonly d: string; readonly cls: string }
  | {
      readonly el: "text";
      readonly x: number;
      readonly y: number;
      readonly anchor: Anchor;
      readonly title?: string;
      readonly parts: readonly [TextPart, ...TextPart[]];
    }
  /** Opens or closes a fold: its number of steps, and those that are drawn when it is open. */
  | {
      readonly el: "fold";
      readonly key: string;
      /** What it opens or closes, if that is not its own key. */
      readonly toggles?: string;
      readonly steps: readonly number[];
      readonly open: boolean;
      readonly label: string;
      readonly shapes: readonly Shape[];
    }
  /** Sets a breakpoint at a step, or removes it. */
  | {
      readonly el: "break";
      readonly at: Breakable;
      readonly only: When | null;
      readonly state: "on" | "off" | "none";
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
  /** Leads to another view of the request. */
  | {
      readonly el: "view";
      readonly key: string;
      readonly view: string;
      readonly label: string;
      readonly shapes: readonly Shape[];
    }
  | Node;

export type Measure = (text: string, font: string) => number;

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
export const circle = (cx: number, cy: number, r: number, cls: string, title?: string): Shape => ({
  el: "circle",
  cx,
  cy,
  r,
  cls,
  title,
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

/** The class of a node as an element. */
export function classOf({ state, current, held = false }: Node): string {
  const ghost = state === "pending" || state === "skipped";
  return `node${current ? " cur" : ""}${held ? " held" : ""}${ghost ? " ghost" : ""}`;
}
