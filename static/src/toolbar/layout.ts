/** The layout of the small U. */

import type { Layer, Ran, RequestRecord } from "./types";

const PITCH = 24;
const INSET = 7;
const LABEL = 20;
const TURN = 42;

export interface Placed extends Ran {
  readonly y: number;
  readonly inward: boolean;
}

export interface Plan {
  readonly layers: readonly (Layer & {
    readonly top: number;
    readonly bottom: number;
    readonly inset: number;
  })[];
  readonly rows: readonly Placed[];
  /** The hook that returned a response or raised instead of the view. */
  readonly stopped: Placed | undefined;
  readonly turn: number;
  readonly view: number;
  readonly bottom: number;
  /** The distance of the wires from the edges. */
  readonly wire: number;
  readonly height: number;
}

export function planOf({ layers, view, handler, bars }: RequestRecord): Plan {
  const rows: Placed[] = [];
  let y = 16;
  const tops = layers.map((layer) => {
    const top = y;
    const most = Math.max(layer.in.length, layer.out.length);
    for (const inward of [true, false])
      (inward ? layer.in : layer.out).forEach((ran, index) =>
        rows.push({ ...ran, inward, y: top + LABEL + index * PITCH + 10 }),
      );
    y += LABEL + most * PITCH + (most > 0 ? 4 : 0);
    return top;
  });
  const top = y + (handler === null ? 4 : TURN);
  const bottom = top + (view !== null && bars.sql.length + bars.template.length > 0 ? 84 : 54);
  return {
    layers: layers.map((layer, level) => ({
      ...layer,
      inset: level * INSET,
      top: tops[level] ?? 0,
      bottom: bottom + (layers.length - level) * INSET,
    })),
    rows,
    stopped: rows.find(({ inward, outcome }) => inward && outcome !== "ok" && outcome !== null),
    turn: y + (handler === null ? 0 : 13),
    view: top,
    bottom,
    wire: layers.length * INSET + 14,
    height: bottom + layers.length * INSET + 2,
  };
}

/** A name shortened in the middle to a maximum number of characters. */
export function fit(name: string, most: number): string {
  if (name.length <= most) return name;
  const length = Math.max(2, Math.floor(most) - 1);
  return `${name.slice(0, Math.ceil(length / 2))}…${name.slice(-Math.floor(length / 2))}`;
}
