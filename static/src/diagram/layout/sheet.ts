/** What a drawing is made for, and what it becomes. */

import type { Measure, Point, Shape } from "./shapes";

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

export interface Space {
  readonly width: number;
  readonly height: number;
  readonly selected: number | null;
  readonly measure: Measure;
  /** The folds that are open, by key. */
  readonly opened?: ReadonlySet<string>;
  /** Type for a room. */
  readonly stage?: boolean;
}

/** What is drawn on which layer, and where the chips stand. */
export interface Sheet {
  readonly back: Shape[];
  readonly wires: Shape[];
  readonly nodes: Shape[];
  readonly front: Shape[];
  readonly at: Map<string, Point>;
  /** On the second way up. */
  readonly again: Map<string, Point>;
  readonly XL: number;
  readonly XR: number;
  readonly CX: number;
  readonly X0: number;
  readonly X1: number;
  readonly levels: number;
  readonly W: number;
  readonly topY: number;
  readonly turnY: number;
  readonly viewY: number;
  readonly gapToView: number;
  readonly pitch: number;
  readonly chipHeight: number;
  readonly ownRow: boolean;
  readonly space: Space;
}
