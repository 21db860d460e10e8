/** The stops of the wire, and their times. */

import type { Moment } from "../../trace/steps";
import type { Chip, Ribbon, Stop } from "./types";

export function stopsOf(chips: readonly Chip[], ribbons: readonly Ribbon[], moment: Moment): readonly Stop[] {
  const stops = [
    ...chips.flatMap((chip) => chipStops(chip, moment)),
    ...ribbons.flatMap((ribbon) => ribbonStops(ribbon)),
  ];
  return stops.sort((a, b) => a.when - b.when || a.order - b.order);
}

/** What answers an exception: a handler, Flask itself, a middleware, or what is around the app. */
const ANSWERS = /^(handler:|make_response$|return:|debugger:answers$|send$)/;

function chipStops(chip: Chip, moment: Moment): readonly Stop[] {
  if (chip.state === "pending" || chip.state === "skipped" || chip.hidden) return [];
  const { key, when, order, again } = chip;
  const answers = chip.state === "done" && ANSWERS.test(key);
  const first = { key, when, order, again: false, failed: chip.state === "raised", answers };
  if (again === null) return [first];
  const failed = moment.state(again) === "raised";
  return [
    first,
    { key, when: again.begin, order: again.id, again: true, failed, answers: !failed && ANSWERS.test(key) },
  ];
}

function ribbonStops({ key, step, state }: Ribbon): readonly Stop[] {
  if (step === null || state === "pending") return [];
  return [
    { key, when: step.begin, order: step.id, again: false, failed: state === "raised", answers: false },
  ];
}
