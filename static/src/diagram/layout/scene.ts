/** Shared by all parts of a drawing: the journey, its moment, and text measurement. */

import type { Step } from "../../api/types";
import { momentOf, type Moment } from "../../trace/steps";
import { ellipsize, LONGEST_NAME } from "../../trace/text";
import type { Band, Chip, Journey } from "../model/types";
import { foldLayers } from "../model/layers";
import { columnsOf, isNarrow, type Columns, type Crossing } from "./columns";
import { fonts, type FontName, type Fonts } from "./fonts";
import type { Space } from "./sheet";

export interface Scene {
  readonly journey: Journey;
  readonly moment: Moment;
  readonly space: Space;
  readonly opened: ReadonlySet<string>;
  readonly fonts: Fonts;
  /** The bands that are drawn. */
  readonly bands: readonly Band[];
  readonly columns: Columns;
}

export function sceneOf(journey: Journey, space: Space): Scene {
  const selected = space.side === "in" || space.side === "out" ? null : space.selected;
  const opened = space.opened ?? new Set<string>();
  const bands = isNarrow(space) ? foldLayers(journey, opened, selected) : journey.bands;
  return {
    journey,
    bands,
    columns: columnsOf(space, bands, crossing(journey)),
    moment: momentOf(journey.at, journey.elapsed),
    space,
    opened,
    fonts: fonts(space.stage === true),
  };
}

/** Whether the wire goes over to the right in the midst of the bands, or from there back down. */
function crossing({ bands, stops }: Journey): Crossing {
  const keys = (side: "left" | "right"): readonly string[] =>
    bands.flatMap((band) => band[side].map(({ key }) => key));
  const [lefts, rights] = [new Set(keys("left")), new Set(keys("right"))];
  const ways = stops.map(({ key }, index): Crossing => {
    const before = stops[index - 1]?.key ?? "";
    const toTurn = key === "make_response" || key.startsWith("handler:");
    if (rights.has(before)) return toTurn ? "back" : "none";
    // Down to a handler, it stays at the left.
    const isOver =
      before === "dispatch"
        ? rights.has(key) || key === "make_response"
        : lefts.has(before) && (toTurn || rights.has(key));
    return isOver ? "over" : "none";
  });
  return ways.includes("back") ? "back" : ways.includes("over") ? "over" : "none";
}

/** Whether a request is gone through, so that nothing may open or move by itself. */
export function isReplayed({ space }: Scene): boolean {
  return space.side === "in" || space.side === "out";
}

/** Whether a step is the selected one. */
export function isCurrent({ space }: Scene, step: Step | null): boolean {
  return step !== null && step.id === space.selected;
}

/** Whether the wire is at a chip: some steps have one on the way in and one on the way out. */
export function isAt(scene: Scene, chip: Chip): boolean {
  const { journey, space } = scene;
  const isOut = space.side === "out";
  // The response of the app is at the server, which has yet to send it.
  if (chip.key === "send" && isOut && space.selected === 0 && journey.trace.steps[0]?.stage === "wsgi")
    return true;
  if (chip.key === "receive" && isOut) return false;
  // A body that is made while it is sent has its own box, and so may an error handler.
  if (chip.key === "send" && chip.half) return false;
  if (journey.handlers.some((each) => each.chip === chip && each.ribbon !== null)) return false;
  if (chip.stage === "middleware" && isCurrent(scene, chip.step)) return chip.half === isOut;
  const inside = chip.half
    ? []
    : [...chip.pills, ...chip.folded.flatMap(({ step, pills }) => [step, ...pills])];
  return [chip.step, chip.dot, chip.again, ...inside].some((step) => isCurrent(scene, step));
}

export function widthOf({ space, fonts }: Scene, text: string, font: FontName): number {
  return space.measure(text, fonts[font]);
}

/** Shorten a name to a maximum width in px. */
export function fit(
  scene: Scene,
  name: string,
  font: FontName,
  most: number,
  longest = LONGEST_NAME,
): string {
  let short = ellipsize(name, longest);
  let letters = Math.min(longest, Array.from(short).length);
  for (; letters > 5 && widthOf(scene, short, font) > most; letters -= 2) short = ellipsize(name, letters);
  return short;
}
