/** The gutters: two bars for each step, A above B, and what they differ by. */

import { hatched } from "../../diagram/layout/hatch";
import { phrase, rect, type Shape } from "../../diagram/layout/shapes";
import type { ComparedChip, SideName } from "../model/types";
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
  const held = timed.some(({ chip }) => isHeld(chip, "a") || isHeld(chip, "b")) ? SIZES.held : 0;
  const widest = Math.max(
    0,
    ...timed.map(({ chip }) => widthOf(space, differenceOf(chip.times, single).text, "barTime")),
  );
  return Math.max(8, Math.min(length, SIZES.gutter - gap - text - widest - held - 2));
}

/** Whether a request was held in what a bar shows. */
function isHeld(chip: ComparedChip, of: SideName): boolean {
  return (chip[of]?.hold?.inside ?? 0) > 0;
}

function barsOf(
  { X0, X1 }: Frame,
  { chip, side, y }: Placement,
  scale: number,
  single: boolean,
): readonly Shape[] {
  const { times } = chip;
  const { height, least, gap, text } = SIZES.bar;
  const { text: says, sure } = differenceOf(times, single);
  const left = side === "left";
  const edge = left ? X0 - gap : X1 + gap;
  const lengthOf = (of: SideName): number => Math.max(least, (times[of] ?? 0) * scale);
  const heldLength = (of: SideName): number => (isHeld(chip, of) ? SIZES.held : 0);
  const bar = (of: SideName, top: number, cls: string): readonly Shape[] => {
    if (times[of] === null) return [];
    const [w, h] = [lengthOf(of), heldLength(of)];
    return [
      rect(left ? edge - w : edge, top, w, height, 2, cls),
      ...(h === 0 ? [] : hatched(left ? edge - w - h : edge + w, top - 0.5, h, height + 1)),
    ];
  };
  const longer = Math.max(lengthOf("a") + heldLength("a"), lengthOf("b") + heldLength("b")) + text;
  const heat = sure ? "warm" : "";
  return [
    ...bar("a", y - 6, `bar hollow ${heat}`),
    ...bar("b", y + 1.5, `bar ${heat}`),
    phrase(
      left ? edge - longer : edge + longer,
      y + 4,
      left ? "end" : "start",
      says,
      `bd ${sure ? "hot" : ""}`,
    ),
  ];
}
