/** The gutters: two bars for each step, A above B, and what they differ by. */

import { phrase, rect, type Shape } from "../../diagram/layout/shapes";
import type { Placement } from "./chips";
import { differenceOf } from "./difference";
import type { Frame } from "./frame";
import { SIZES, widthOf, type Space } from "./space";

export function drawGutters(
  frame: Frame,
  space: Space,
  placements: readonly Placement[],
  single: boolean,
): readonly Shape[] {
  if (frame.narrow) return [];
  // The server's time to send is not the app's.
  const timed = placements.filter(
    ({ chip: { times, stage } }) => stage !== "body" && (times.a ?? times.b) !== null,
  );
  const most = Math.max(1, ...timed.map(({ chip: { times } }) => Math.max(times.a ?? 0, times.b ?? 0)));
  const { X0, X1, bands } = frame;
  const y = (bands[0]?.top ?? 0) + 2;
  const length = longest(space, timed, single);
  return [
    ...timed.flatMap((placement) => barsOf(frame, placement, length / most, single)),
    phrase(X0 - 10, y, "end", "A above, B below", "gh"),
    phrase(X1 + 10, y, "start", "A above, B below", "gh"),
  ];
}

/** The length of the longest bar, which leaves room for what stands beside it. */
function longest(space: Space, timed: readonly Placement[], single: boolean): number {
  const { length, gap, text } = SIZES.bar;
  const widest = Math.max(
    0,
    ...timed.map(({ chip }) => widthOf(space, differenceOf(chip.times, single).text, "barTime")),
  );
  return Math.max(8, Math.min(length, SIZES.gutter - gap - text - widest - 2));
}

function barsOf(
  { X0, X1 }: Frame,
  { chip: { times }, side, y }: Placement,
  scale: number,
  single: boolean,
): readonly Shape[] {
  const { height, least, gap, text } = SIZES.bar;
  const { text: says, sure } = differenceOf(times, single);
  const left = side === "left";
  const edge = left ? X0 - gap : X1 + gap;
  const bar = (ns: number | null, top: number, cls: string): readonly Shape[] => {
    if (ns === null) return [];
    const w = Math.max(least, ns * scale);
    return [rect(left ? edge - w : edge, top, w, height, 2, cls)];
  };
  const longer = Math.max(least, Math.max(times.a ?? 0, times.b ?? 0) * scale) + text;
  const heat = sure ? "warm" : "";
  return [
    ...bar(times.a, y - 6, `bar hollow ${heat}`),
    ...bar(times.b, y + 1.5, `bar ${heat}`),
    phrase(
      left ? edge - longer : edge + longer,
      y + 4,
      left ? "end" : "start",
      says,
      `bd ${sure ? "hot" : ""}`,
    ),
  ];
}
