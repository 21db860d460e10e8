/** The shapes that a part of a ribbon adds to it. */

import type { Shape } from "../shapes";

export interface Part {
  /** Behind the wire. */
  readonly back: readonly Shape[];
  /** In the strip's own node. */
  readonly shapes: readonly Shape[];
  /** Nodes of their own, above it. */
  readonly inner: readonly Shape[];
  /** Above the wire. */
  readonly front: readonly Shape[];
}

export function together(parts: readonly Partial<Part>[]): Part {
  const of = (name: keyof Part): readonly Shape[] => parts.flatMap((part) => part[name] ?? []);
  return { back: of("back"), shapes: of("shapes"), inner: of("inner"), front: of("front") };
}
