/** Error handlers that are drawn like views, and the one that was not asked. */

import { ellipsize } from "../../trace/text";
import type { Frame, PlacedHandler } from "./frame";
import { GEOMETRY } from "./geometry";
import { handlerKind } from "./names";
import { drawRibbon } from "./ribbon/ribbon";
import { fit, widthOf, type Scene } from "./scene";
import { circle, d, line, phrase, rect, words, type Shape } from "./shapes";
import type { Layers } from "./sheet";

const LONGEST_KIND = 34;
const INDENT = 60;
const LEAST_WHY = 60;

export function drawHandlers(scene: Scene, frame: Frame): readonly Partial<Layers>[] {
  return [...frame.handlers.flatMap((each) => drawHandler(scene, frame, each)), drawUnasked(scene, frame)];
}

/** As a ribbon, whose axis joins the way out where the handler answers. */
function drawHandler(
  scene: Scene,
  frame: Frame,
  { handler: { chip, ribbon }, y, place }: PlacedHandler,
): readonly Partial<Layers>[] {
  if (ribbon === null || place === null || chip.hidden) return [];
  const drawn = drawRibbon(scene, frame, ribbon, place);
  const tone = ribbon.failed ? "err" : "out";
  const isCut = ribbon.failed || ribbon.state === "running";
  const axis = line(d`M${drawn.axis.begin} ${y}H${isCut ? drawn.axis.end : frame.XR}`, `w ${tone}`);
  return [drawn, { wires: [axis], front: [circle(frame.XR, y, GEOMETRY.dot.radius, `dot ${tone}`)] }];
}

/** In a row of its own, with the reason. */
function drawUnasked(scene: Scene, { XL, XR, margin, unaskedY: y, chipHeight }: Frame): Partial<Layers> {
  const { unasked } = scene.journey;
  if (unasked === null || y === null || !unasked.seen) return {};
  const { padding, gap, radius } = GEOMETRY.chip;
  const kind = ellipsize(handlerKind(scene, unasked.kind), LONGEST_KIND);
  const x = XL + (scene.columns.narrow ? margin : INDENT);
  const fixed = 2 * padding + widthOf(scene, kind, "kind") + gap;
  const end = XR - margin;
  const whyWidth = Math.max(LEAST_WHY, widthOf(scene, unasked.why, "change"));
  const name = fit(scene, unasked.name, "ghost", Math.max(80, end - x - fixed - 12 - whyWidth));
  const w = fixed + widthOf(scene, name, "ghost");
  const room = end - x - w - 12;
  const why = cut(unasked.why, (text) => widthOf(scene, text, "change") <= room);
  const shapes: Shape[] = [
    rect(x, y - chipHeight / 2, w, chipHeight, radius, "chip ghost"),
    words(x + padding, y + 4.6, "start", { text: kind, cls: "k gho" }, { text: name, cls: "f gho", dx: gap }),
  ];
  return { nodes: why === "" ? shapes : [...shapes, phrase(x + w + 12, y + 4.4, "start", why, "why")] };
}

function cut(text: string, fits: (text: string) => boolean): string {
  if (fits(text)) return text;
  const letters = Array.from(text);
  let kept = letters.length - 1;
  while (kept > 0 && !fits(`${letters.slice(0, kept).join("").trimEnd()}…`)) kept -= 1;
  return kept < 8 ? "" : `${letters.slice(0, kept).join("").trimEnd()}…`;
}
