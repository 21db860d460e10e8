/** The scroll position of the list: only a window is drawn, and visible rows keep their position. */

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { state } from "../state/store";
import { rowWidth } from "./geometry";
import type { ListRow } from "./rows";

/** The step in px by which the window moves. */
export const PACE = 160;
/** Nearer to the top than this, new rows push the others down. */
const AT_TOP = 48;

/** The top of a row, and its bottom. */
type Edges = readonly [top: number, bottom: number];

/** What the list remembers between two drawings. */
interface Position {
  /** Where it was scrolled to; the event of it comes later, perhaps after the next rows. */
  scrolled: number;
  /** The topmost row, and how far above the edge it begins. */
  anchor: { readonly key: string; readonly top: number } | null;
  /** The row that was brought into view last, and whether the list was not scrolled away from it. */
  shown: string | null;
  seen: boolean;
}

interface Scroll {
  /** Where the window begins, and how high the list is, px. */
  readonly from: number;
  readonly height: number;
  readonly onScroll: () => void;
}

export function useScroll(
  box: RefObject<HTMLDivElement | null>,
  rows: readonly ListRow[],
  tops: readonly number[],
): Scroll {
  const [from, setFrom] = useState(0);
  const height = useHeight(box);
  const position = useRef<Position>({ scrolled: 0, anchor: null, shown: null, seen: true }).current;
  const edgesOf = (key: string | null | undefined): Edges | undefined => {
    const at = key == null ? -1 : rows.findIndex((row) => row.key === key);
    return at < 0 ? undefined : [tops[at] ?? 0, tops[at + 1] ?? 0];
  };

  const onScroll = (): void => {
    const at = box.current?.scrollTop ?? 0;
    const edges = edgesOf(position.shown);
    // Only the user scrolls away from it.
    if (edges !== undefined && at !== position.scrolled)
      position.seen = edges[1] > at && edges[0] < at + height;
    position.scrolled = at;
    const index = rowAt(tops, at);
    const row = rows[index];
    position.anchor =
      at < AT_TOP || row === undefined ? null : { key: row.key, top: (tops[index] ?? 0) - at };
    setFrom(Math.floor(at / PACE) * PACE);
  };
  const scrollTo = (to: number): void => {
    if (box.current === null) return;
    box.current.scrollTop = to;
    position.scrolled = box.current.scrollTop;
    onScroll();
  };

  // Visible rows keep their position when rows are inserted above them.
  useLayoutEffect(() => {
    const top = edgesOf(position.anchor?.key)?.[0];
    if (top === undefined || box.current === null || position.anchor === null) return;
    const wanted = top - position.anchor.top;
    if (Math.abs(box.current.scrollTop - wanted) >= 1) scrollTo(wanted);
  }, [rows, tops]);
  useFollowed(box, position, edgesOf(state.value.selected), height, scrollTo);
  return { from, height, onScroll };
}

/**
 * One that was picked by a key, or by the address, is brought into view; and while one follows, the newest,
 * unless the list was scrolled away. Once all is painted: moving it takes that.
 */
function useFollowed(
  box: RefObject<HTMLDivElement | null>,
  position: Position,
  edges: Edges | undefined,
  height: number,
  scrollTo: (to: number) => void,
): void {
  const { selected, follow } = state.value;
  const show = (): void => {
    if (edges === undefined || !position.seen) return;
    position.shown = selected;
    const at = position.scrolled;
    // The height is not known before the first layout.
    const bottom = edges[1] - (box.current?.clientHeight ?? height);
    if (edges[0] < at) scrollTo(edges[0]);
    else if (bottom > at) scrollTo(bottom);
  };
  useEffect(() => {
    if (!follow) position.seen = true;
    show();
  }, [selected, edges === undefined, follow, follow ? edges?.[0] : null, follow ? edges?.[1] : null]);
  // What is said above the list makes it less high.
  useEffect(show, [height]);
}

function useHeight(box: RefObject<HTMLDivElement | null>): number {
  const [height, setHeight] = useState(800);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      setHeight(element.clientHeight);
      rowWidth.value = element.clientWidth;
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  return height;
}

/** The row at a height. */
export function rowAt(tops: readonly number[], at: number): number {
  let [low, high] = [0, tops.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
