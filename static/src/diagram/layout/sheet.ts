/** The input and output of the layout: plain data. */

import type { Breakpoint } from "../../api/types";
import type { Measure, Shape } from "./shapes";

export interface Space {
  readonly width: number;
  readonly height: number;
  readonly selected: number | null;
  /** Whether a selected step that contains others is shown going in, coming out, or as a whole. */
  readonly side?: "in" | "out" | "whole";
  readonly measure: Measure;
  /** The folds that are open, by key. */
  readonly opened?: ReadonlySet<string>;
  /** Presentation mode: larger type. */
  readonly stage?: boolean;
  /** Px of a px of the layout: more than 1 where all is to be read from afar. */
  readonly scale?: number;
  /** Whether the request and its status are above the bands; by default they are. */
  readonly head?: boolean;
  /** Whether the hooks of packages are folded. */
  readonly mine?: boolean;
  /** The breakpoints that are set; null where none can be. */
  readonly breakpoints?: readonly Breakpoint[] | null;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

/** The layers of a drawing, from back to front. */
export interface Layers {
  readonly back: readonly Shape[];
  readonly wires: readonly Shape[];
  readonly labels: readonly Shape[];
  readonly nodes: readonly Shape[];
  readonly front: readonly Shape[];
}

const LAYERS = ["back", "wires", "labels", "nodes", "front"] as const;

/** All shapes, layer by layer, and in each in the order of the parts. */
export function stack(parts: readonly Partial<Layers>[]): readonly Shape[] {
  return LAYERS.flatMap((layer) => parts.flatMap((part) => part[layer] ?? []));
}

export interface Point {
  readonly x: number;
  readonly y: number;
  /** The edges of a chip with its labels. */
  readonly left: number;
  readonly right: number;
}

/** The positions of the chips, by key; `again` on the second way up. */
export interface Places {
  readonly at: ReadonlyMap<string, Point>;
  readonly again: ReadonlyMap<string, Point>;
}

/** The path of the wire through a true-time ribbon. */
export interface Axis {
  readonly y: number;
  readonly begin: number;
  readonly end: number;
  readonly top: number;
  readonly height: number;
  readonly left: number;
  /** Whether it ends in an exception, or the client's leaving. */
  readonly cut: boolean;
}

export interface Axes {
  readonly view: Axis | null;
  readonly body: Axis | null;
}
