/** The title of a ribbon: its name, its time, and a note. */

import { time } from "../../../trace/format";
import { ellipsize } from "../../../trace/text";
import type { Frame } from "../frame";
import { fit, widthOf, type Scene } from "../scene";
import { phrase, words, type Shape } from "../shapes";
import type { Box } from "./box";

const LONGEST_NAME = 60;
const LONGEST_ERROR = 400;

export interface Title {
  /** The name, shortened to fit. */
  readonly name: string;
  readonly shapes: readonly Shape[];
}

export function titleOf(scene: Scene, frame: Frame, box: Box): Title {
  const { ribbon, begin, top } = box;
  const notes = notesOf(scene, frame, box);
  const most = Math.max(80, nameRoom(scene, frame, box, notes.length > 0));
  const name = fit(scene, ribbon.name, "title", most, LONGEST_NAME);
  const title = words(
    begin,
    top + 27,
    "start",
    { text: box.isBody ? "body" : "view", cls: "k" },
    { text: name, cls: "vt", dx: 9 },
    { text: time(ownTime(scene, box)), cls: "vd", dx: 16 },
    { text: beside(scene, box, notes.length > 0), cls: "k", dx: 9 },
  );
  const cls = box.cut ? "tag err halo2" : ribbon.thread ? "tag thr" : "tl out";
  const lines = notes.map((note, index) => {
    const y = top + (notes.length > 1 ? 18 + index * 15 : 27);
    return phrase(frame.XR - 16, y, "end", note, cls);
  });
  return { name, shapes: [title, ...lines] };
}

function nameRoom(scene: Scene, { XR }: Frame, box: Box, hasNotes: boolean): number {
  if (box.failed) return box.stop - box.begin - 150;
  return XR - 16 - box.begin - (hasNotes ? 150 + widthOf(scene, box.ribbon.note, "pill") : 250);
}

/** For a body, the app's own share: it takes turns with the server, which sends. */
function ownTime({ journey }: Scene, { ribbon, isBody }: Box): number {
  return isBody && journey.sent > 0 ? Math.max(0, ribbon.duration - journey.sent) : ribbon.duration;
}

/** Beside the time: that it still runs, or its share of the app's time. */
function beside(scene: Scene, box: Box, hasNotes: boolean): string {
  if (box.ribbon.state === "running") return "running";
  if (hasNotes) return "";
  const { total } = scene.journey;
  const share = total > 0 ? Math.min(100, (ownTime(scene, box) / total) * 100) : 0;
  return `${share < 1 ? "<1" : Math.round(share)}% of the app's time`;
}

function notesOf(scene: Scene, { XR }: Frame, { ribbon, failed, stop }: Box): readonly string[] {
  if (!failed) return ribbon.note === "" ? [] : [ribbon.note];
  return errorLines(ribbon.error ?? "", (text) => widthOf(scene, text, "pill") <= XR - 34 - stop);
}

/** Its type and message, on one line where that fits; else one below the other, cut at their ends. */
function errorLines(error: string, fits: (text: string) => boolean): readonly string[] {
  const whole = ellipsize(error, LONGEST_NAME);
  if (whole === error && fits(whole)) return [whole];
  const [type = "", ...rest] = error.split(": ");
  return [type, rest.join(": ")].filter((part) => part !== "").map((part) => cutTo(part, fits));
}

function cutTo(text: string, fits: (text: string) => boolean): string {
  const letters = Array.from(ellipsize(text, LONGEST_ERROR));
  if (fits(letters.join(""))) return letters.join("");
  let kept = Math.min(letters.length, 80);
  while (kept > 1 && !fits(`${letters.slice(0, kept).join("")}…`)) kept -= 1;
  return `${letters.slice(0, kept).join("").trimEnd()}…`;
}
