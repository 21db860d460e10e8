/** A recorded exception as text, as Python prints it: pure. */

import { plural } from "./format";
import { isOf, placeOf } from "./details";
import type { Json } from "../api/types";

export type Recorded = { readonly [key: string]: Json };

const LINKS: Readonly<Record<string, string>> = {
  cause: "The above exception was the direct cause of the following exception:",
  context: "During handling of the above exception, another exception occurred:",
};
const BOX = "-".repeat(16);

/** The traceback, with those of the exceptions that led to it before it, as Python has them. */
export function tracebackText(recorded: Recorded): string {
  return linesOf(recorded, "").join("\n");
}

/** The other exceptions of one: its cause or context, or the members of a group. */
export function othersOf(recorded: Recorded, isMember: boolean): readonly Recorded[] {
  const others = Array.isArray(recorded["others"]) ? recorded["others"].filter(isOf) : [];
  return others.filter((other) => (other["as"] === "member") === isMember);
}

function linesOf(recorded: Recorded, indent: string): readonly string[] {
  const members = othersOf(recorded, true);
  const before = othersOf(recorded, false).flatMap((other) => [
    ...linesOf(other, indent),
    `${indent}`,
    `${indent}${LINKS[String(other["as"])] ?? ""}`,
    `${indent}`,
  ]);
  if (members.length === 0) return [...before, ...own(recorded, "Traceback").map((line) => indent + line)];
  const group = own(recorded, "Exception Group Traceback");
  return [...before, ...boxed(group, indent), ...membersOf(members, indent)];
}

/** An exception without others: its frames, its type and message, and its notes. */
function own(recorded: Recorded, title: string): readonly string[] {
  const frames = Array.isArray(recorded["frames"]) ? recorded["frames"].filter(isOf) : [];
  const cut = Number(recorded["cut_frames"] ?? 0);
  const message = String(recorded["message"] ?? "");
  const notes = Array.isArray(recorded["notes"]) ? recorded["notes"].map(String) : [];
  const shown = frames.flatMap((frame, index) => [
    ...frameOf(frame),
    ...(cut > 0 && index === 9 ? [`  … ${plural(cut, "more frame")}`] : []),
  ]);
  return [
    ...(frames.length === 0 ? [] : [`${title} (most recent call last):`, ...shown]),
    ...`${String(recorded["type"])}${message === "" ? "" : `: ${message}`}`.split("\n"),
    ...notes.flatMap((note) => note.split("\n")),
  ];
}

function frameOf(frame: Recorded): readonly string[] {
  const place = placeOf(frame);
  const lines = Array.isArray(frame["lines"]) ? frame["lines"] : [];
  const code = place === null ? undefined : lines[place.line - Number(frame["first"])];
  return [
    `  File "${String(frame["file"])}", line ${String(frame["line"])}, in ${String(frame["function"])}`,
    ...(typeof code === "string" && code.trim() !== "" ? [`    ${code.trim()}`] : []),
  ];
}

function boxed(lines: readonly string[], indent: string): readonly string[] {
  const [first = "", ...rest] = lines;
  // A group that was not raised has no frames.
  const title = first.endsWith("(most recent call last):") ? "  + " : "  | ";
  return [`${indent}${title}${first}`, ...rest.map((line) => `${indent}  | ${line}`)];
}

function membersOf(members: readonly Recorded[], indent: string): readonly string[] {
  const inner = `${indent}  `;
  return [
    ...members.flatMap((member, index) => [
      `${inner}${index === 0 ? "+-+" : "  +"}${BOX} ${index + 1} ${BOX}`,
      ...(othersOf(member, true).length > 0
        ? linesOf(member, inner)
        : linesOf(member, "").map((line) => `${inner}  | ${line}`)),
    ]),
    `${inner}  +${"-".repeat(36)}`,
  ];
}
