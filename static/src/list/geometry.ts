/** The size of the list and of its rows, px: known without a layout, as most rows are not drawn. */

import { signal } from "@preact/signals";

import type { TraceSummary } from "../api/types";
import { flagsWithout, isHeld } from "../trace/holds";
import { readPreference, writePreference } from "../state/preferences";
import { linesOf, type Line } from "./lines";
import type { ListRow, RequestRow } from "./rows";

export const WIDTH = { initial: 304, min: 240, max: 560 } as const;

const stored = Number(readPreference("list-width") ?? Number.NaN);
/** The width of the list beside the main area. */
export const width = signal(stored >= WIDTH.min && stored <= WIDTH.max ? stored : WIDTH.initial);
/** The width that rows have, without the scroll bar. */
export const rowWidth = signal(width.value - 1);

export function resize(to: number): void {
  width.value = to;
  writePreference("list-width", `${to}`);
}

/** As in list.css. */
const HEIGHT = { static: 30, gap: 48, restart: 26, beside: 30, request: 53, line: 17, flags: 22 } as const;
const INDENTS = [0, 17, 31, 45] as const;
/** Left and right of a row's text, and between the path and the status. */
const PADDING = 24;
const GAP = 10;
const METHOD_GAP = 8;

/** The indent of a row's content by its depth in a group. */
function indentOf(depth: number): number {
  return INDENTS[Math.min(depth, 3)] ?? 0;
}

/** The width of a letter of the path's font. */
const LETTER = measured() ?? 7.53;
/** The method is a size smaller, and bold. */
const METHOD_LETTER = LETTER * 0.96;

function measured(): number | null {
  const context = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D | null;
  if (context === null) return null;
  context.font = "12.5px ui-monospace, monospace";
  return context.measureText("0".repeat(100)).width / 100 || null;
}

interface Broken {
  readonly first: number;
  readonly second: number;
  readonly lines: readonly Line[];
}
const broken = new WeakMap<TraceSummary, Broken>();

/** The longest method that is written out. */
export const LONGEST_METHOD = 20;

/** The lines of a row's path, in a list of this width. */
export function pathOf({ trace, depth }: RequestRow, width: number): readonly Line[] {
  const status = isHeld(trace) ? 48 : trace.state === "running" ? 34 : trace.error === null ? 26 : 42;
  const room = width - PADDING - indentOf(depth) - GAP - status;
  const method = Math.min(trace.method.length, LONGEST_METHOD) * METHOD_LETTER + METHOD_GAP;
  const [first, second] = [Math.floor((room - method) / LETTER), Math.floor(room / LETTER)];
  const known = broken.get(trace);
  if (known?.first === first && known.second === second) return known.lines;
  const lines = linesOf(trace, Math.max(4, first), Math.max(8, second));
  broken.set(trace, { first, second, lines });
  return lines;
}

/** The height of a row. */
export function heightOf(row: ListRow, width: number): number {
  if (row.kind !== "request") return HEIGHT[row.kind];
  const more = pathOf(row, width).length - 1;
  const flags =
    Number(flagsWithout(row.trace.flags, "held").length > 0) + Number(isHeld(row.trace) && !row.earlier);
  return HEIGHT.request + more * HEIGHT.line + flags * HEIGHT.flags;
}
