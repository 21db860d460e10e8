/** A replay is drawn in the rows and at the places of the finished request, so that nothing moves. */

import { closed } from "../model/fold";
import { layerChip } from "../model/layers";
import type { Chip, Journey } from "../model/types";
import { placeChips } from "./chips";
import { refit, type FittedChip } from "./fitting";
import { GEOMETRY } from "./geometry";
import { isGhost } from "./names";
import type { Pill } from "./pills";
import { frameOf, type Frame } from "./frame";
import type { Placement } from "./place";
import type { PlacedChip, Rows } from "./rows";
import { isCurrent, sceneOf, widthOf, type Scene } from "./scene";
import type { Space } from "./sheet";

/** The letters that are left of what is promised. */
const FEWEST = 5;

/** The layout of a request as it is, or as it will be at its end. */
interface Layout {
  readonly scene: Scene;
  readonly frame: Frame;
  readonly placements: readonly Placement[];
}

export function layOut(journey: Journey, space: Space): Layout {
  const scene = sceneOf(journey, space);
  const frame = frameOf(scene);
  return { scene, frame, placements: placeChips(scene, frame) };
}

const known = new WeakMap<Journey, { readonly space: Space; readonly layout: Layout }>();

/** The layout of a finished request; for each moment of its replay it is the same. */
export function settle(journey: Journey, space: Space): Layout {
  const cached = known.get(journey);
  if (cached !== undefined && isLike(cached.space, space)) return cached.layout;
  const layout = layOut(journey, { ...space, selected: null });
  known.set(journey, { space, layout });
  return layout;
}

function isLike(one: Space, other: Space): boolean {
  return (["width", "height", "opened", "stage", "head", "mine", "breakpoints", "measure"] as const).every(
    (name) => one[name] === other[name],
  );
}

/** A moment in a layout: the same rows, with the chips as they are then. */
export function atMoment(scene: Scene, { frame }: Layout): Frame {
  const { bands, dispatch, response, handlers } = scene.journey;
  const chips = [...bands.flatMap(({ left, right }) => [...left, ...right]), dispatch, response];
  const now = new Map([...chips, ...handlers.map(({ chip }) => chip)].map((chip) => [chip.key, chip]));
  const fitted = <F extends FittedChip>(each: F): F => ({
    ...each,
    ...refit(scene, each, chipNow(each.chip, now)),
  });
  const rows = <R extends Rows>(each: R): R => {
    const [left, right] = [each.left.map((chip) => fitted(chip)), each.right.map((chip) => fitted(chip))];
    return { ...each, ...withResult(scene, ...besideEachOther(scene, left, right)) };
  };
  return {
    ...frame,
    bands: frame.bands.map(rows),
    turn: rows(frame.turn),
    handlers: frame.handlers.map((each, index) => ({
      ...each,
      handler: handlers[index] ?? each.handler,
      fitted: fitted(each.fitted),
    })),
  };
}

/** What is promised may be longer than what it becomes: it is cut where that is all its row has room for. */
function besideEachOther(
  scene: Scene,
  lefts: readonly PlacedChip[],
  rights: readonly PlacedChip[],
): readonly [PlacedChip[], PlacedChip[]] {
  const [left, right] = [[...lefts], [...rights]];
  for (const [index, one] of left.entries()) {
    const across = right.findIndex(({ row }) => row === one.row);
    const other = right[across];
    if (other === undefined) continue;
    let over = extentOf(one) + extentOf(other) - (scene.columns.room - GEOMETRY.between);
    for (const [chips, at] of [
      [right, across],
      [left, index],
    ] as const) {
      const chip = chips[at] as PlacedChip;
      if (over <= 0 || !isGhost(chip.chip)) continue;
      chips[at] = { ...chip, ...narrower(scene, chip, extentOf(chip) - over) };
      over -= extentOf(chip) - extentOf(chips[at]);
    }
  }
  return [left, right];
}

/** With its name cut to a width, or as far as it can be. */
function narrower(scene: Scene, chip: FittedChip, width: number): FittedChip {
  let next = chip;
  for (let letters = Array.from(chip.name).length - 1; letters >= FEWEST && extentOf(next) > width; letters--)
    next = refit(scene, { ...chip, detail: { ...chip.detail, letters } }, chip.chip);
  return next;
}

/** The current hook has what it returned at its end, where there is room for it. */
function withResult(
  scene: Scene,
  left: readonly PlacedChip[],
  right: readonly PlacedChip[],
): Pick<Rows, "left" | "right"> {
  const widened = left.map((each): PlacedChip => {
    const text = resultOf(each.chip);
    if (text === "" || !isCurrent(scene, each.chip.step)) return each;
    const pill: Pill = { kind: "change", text, w: widthOf(scene, text, "change") };
    const shown = { ...each, pills: [...each.pills, pill] };
    const beside = right.filter(({ row }) => row === each.row);
    const width = [shown, ...beside].reduce((sum, chip) => sum + extentOf(chip), 0);
    return width <= scene.columns.room - GEOMETRY.between ? shown : each;
  });
  return { left: widened, right };
}

function extentOf({ w, pills }: FittedChip): number {
  return pills.reduce((sum, pill) => sum + pill.w + GEOMETRY.pill.gap, w);
}

/** What a function before the view returned: with None, Flask goes on. */
function resultOf({ stage, state, step }: Chip): string {
  if (stage !== "before_request") return "";
  if (state === "done") return "→ None";
  const returned = step?.detail["returned"];
  return state === "short_circuit" && typeof returned === "string" ? `→ ${returned}` : "";
}

function chipNow(chip: Chip, now: ReadonlyMap<string, Chip>): Chip {
  if (chip.folded.length === 0) return now.get(chip.key) ?? chip;
  const folded = chip.folded.map((each) => now.get(each.key) ?? each);
  if (chip.opens !== undefined) return layerChip(chip.kind, folded);
  return closed(folded, chip.isOpen === true);
}
