/** The message of an exception in its ribbon: whole, in lines as long as there is room. */

import { ellipsize } from "../../../trace/text";
import type { Fault } from "../../model/types";
import type { Columns } from "../columns";
import { widthOf, type Scene } from "../scene";

export const LINE = 18;
/** Lines that are shown, after which only their number is. */
const SHOWN = 4;
const LONGEST_LINE = 400;
const LONGEST_MESSAGE = 20_000;

export interface Message {
  readonly lines: readonly string[];
  /** How many lines are not shown. */
  readonly more: number;
}

export function messageOf(scene: Scene, { type, message }: Fault, room: number): Message {
  const text = message.trim() === "" ? type : `${type}: ${message.trim()}`;
  const paragraphs = text.slice(0, LONGEST_MESSAGE).split(/\r?\n/);
  const letters = Math.max(8, Math.floor(room / Math.max(1, widthOf(scene, "0", "name"))));
  const lines: string[] = [];
  let more = 0;
  for (const paragraph of paragraphs) {
    let rest = ellipsize(paragraph.slice(0, LONGEST_LINE * SHOWN), LONGEST_LINE * SHOWN);
    while (lines.length < SHOWN && rest !== "") {
      const line = lineOf(scene, rest, letters, room);
      lines.push(line.trimEnd());
      rest = rest.slice(line.length).trimStart();
    }
    if (rest !== "") more += Math.ceil(rest.length / letters);
  }
  return { lines, more };
}

/** What fits on one line, up to the end of a word if there is one. */
function lineOf(scene: Scene, text: string, letters: number, room: number): string {
  const all = Array.from(text);
  let kept = Math.min(all.length, letters + 1);
  while (kept > 1 && widthOf(scene, all.slice(0, kept).join("").trimEnd(), "name") > room) kept -= 1;
  const line = all.slice(0, kept).join("");
  if (kept === all.length) return line;
  const end = line.lastIndexOf(" ");
  return end > line.length / 2 ? line.slice(0, end + 1) : line;
}

/** The number of lines, with that of the rest. */
export function messageLines({ lines, more }: Message): number {
  return lines.length + (more > 0 ? 1 : 0);
}

/** From where to where a ribbon's texts go. */
export function textRoom({ XL, XR, narrow, margin, lane }: Columns): number {
  return narrow ? XR - lane - XL - 4 * margin : XR - 20 - (XL + 54);
}
