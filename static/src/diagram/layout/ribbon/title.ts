/** The title of a ribbon: its name, its time, and a note; and of an exception its message below. */

import { grouped, time } from "../../../trace/format";
import { brief, heldFor, ofWhichHeld } from "../../../trace/holds";
import { unfinished } from "../../../trace/steps";
import type { Fault } from "../../model/types";
import { GEOMETRY } from "../geometry";
import { handlerKind, waitingFor } from "../names";
import { fit, widthOf, type Scene } from "../scene";
import { phrase, words, type Shape, type TextPart } from "../shapes";
import { LOW, type Box } from "./box";
import { LINE, messageOf, textRoom } from "./message";

const LONGEST_NAME = 60;
const [LEAST_NAME, LEAST_NOTE] = [40, 60];
/** Between the parts of a title, and from it to what is at its right. */
const [KIND_GAP, TIME_GAP, SHARE_GAP, APART, MARK_GAP] = [9, 16, 9, 20, 4];

interface Title {
  /** The name, shortened to fit. */
  readonly name: string;
  readonly shapes: readonly Shape[];
}

export function titleOf(scene: Scene, box: Box): Title {
  const { ribbon, top } = box;
  const begin = textBegin(scene, box);
  const end = textEnd(scene, box);
  const kind = handlerKind(scene, ribbon.kind);
  const isHeld = ribbon.hold?.now != null;
  const took = (isHeld && ribbon.state === "running" ? brief : time)(ownTime(scene, box));
  const fixed = widthOf(scene, kind, "kind") + KIND_GAP + TIME_GAP + widthOf(scene, took, "taken");
  const room = end - begin - fixed;
  const whole = nameOf(scene, box, room);
  const nameWidth = widthOf(scene, whole, "title");
  // What is beside the name gives way to it: first its share of the time, then the note.
  const beside = besideOf(scene, box);
  const besideWidth = beside === "" ? 0 : widthOf(scene, beside, "kind") + SHARE_GAP;
  const note = noteOf(scene, box, Math.max(0, room - APART - Math.min(nameWidth, room * 0.6)));
  const left = room - (note === null ? 0 : note.width + APART);
  const name = fit(scene, whole, "title", Math.max(LEAST_NAME, left), LONGEST_NAME);
  // What is said at the right is not said twice.
  const isSaid = note !== null && beside === ribbon.note;
  const shown =
    besideWidth > 0 && !isSaid && widthOf(scene, name, "title") + besideWidth <= left ? beside : "";
  const title = words(
    begin,
    top + 27,
    "start",
    { text: kind, cls: "k" },
    { text: name, cls: "vt", dx: KIND_GAP },
    { text: took, cls: "vd", dx: TIME_GAP },
    ...(shown === "" ? [] : [{ text: shown, cls: "k", dx: SHARE_GAP }]),
  );
  return {
    name,
    shapes: [
      title,
      ...(note === null ? [] : [noteShape(box, note, end)]),
      ...(ribbon.fault !== null && ribbon.failed ? messageShapes(scene, box, ribbon.fault) : []),
    ],
  };
}

/** Where its texts begin: as its axis or, where there is little room, at the edge. */
function textBegin({ columns }: Scene, { ribbon, left, begin }: Box): number {
  if (!columns.narrow) return begin;
  return (ribbon.key === "view" ? columns.XL : left) + columns.margin;
}

/** Where its texts end: in a low box, before the mark of what it waits for, which reaches up to them. */
function textEnd({ journey }: Scene, { ribbon, textEnd: end, height, stop }: Box): number {
  const waits = ribbon.state === "running" && (journey.hung !== null || ribbon.hold?.now != null);
  return waits && height < LOW ? Math.min(end, stop - GEOMETRY.dot.halo - MARK_GAP) : end;
}

/** With little room, a body is named by its chunks. */
function nameOf(scene: Scene, { ribbon, isBody }: Box, room: number): string {
  const fits = !isBody || widthOf(scene, ribbon.name, "title") <= room;
  return fits ? ribbon.name : ribbon.name.replace(/^generator, /, "");
}

/** For a body, the app's own share: it takes turns with the server, which sends. */
function ownTime({ journey }: Scene, { ribbon, isBody }: Box): number {
  return isBody && journey.sent > 0 ? Math.max(0, ribbon.duration - journey.sent) : ribbon.duration;
}

/** Beside the time: that it still runs, or its share of the app's time. */
function besideOf(scene: Scene, box: Box): string {
  const { hold, state, step } = box.ribbon;
  if (hold?.now != null) return "held";
  // In a replay, it may end later.
  if (state === "running") return step?.end == null ? unfinished(scene.journey.trace) : "running";
  if (hold !== null && hold.inside > 0) return ofWhichHeld(hold.inside);
  const { moving, trace } = scene.journey;
  const total = scene.journey.total - heldFor(trace, scene.journey.total);
  // A share of what is not known yet is none.
  if (moving) return "";
  const share = total > 0 ? Math.min(100, (ownTime(scene, box) / total) * 100) : 0;
  const percent = `${share < 1 ? "<1" : Math.round(share)}%`;
  return scene.columns.narrow ? percent : `${percent} of the app’s time`;
}

interface Note {
  readonly parts: readonly [TextPart, ...TextPart[]];
  readonly width: number;
}

/** At the right: where it raised, or a note; in the longest text that fits. */
function noteOf(scene: Scene, { ribbon }: Box, room: number): Note | null {
  const { fault, failed, thread } = ribbon;
  const hung = ribbon.state === "running" ? scene.journey.hung : null;
  const note = hung === null ? ribbon.note : waitingFor(hung);
  if (!failed || fault === null) {
    if (note === "" || room < LEAST_NOTE) return null;
    // Of two parts, the first says what happened.
    const texts = [note, note.split(/[:,] /)[0] ?? ""];
    const whole = texts.find((each) => widthOf(scene, each, "note") <= room);
    // The title has the time for which it waits.
    if (whole === undefined && hung !== null) return null;
    const text = whole ?? fit(scene, note, "note", room, 90);
    return plain(
      scene,
      text,
      ribbon.hold !== null ? "tag held" : hung !== null ? "tag short" : thread ? "tag thr" : "tl out",
    );
  }
  if (fault.place === "") return null;
  const of = fault.function === "" ? "" : `, in ${fault.function}()`;
  const file = fault.place.split("/").at(-1) ?? "";
  const notes = [
    ["raised at ", fault.place, of],
    ["raised at ", fault.place, ""],
    ["", fault.place, ""],
    ["", file, ""],
  ].map((texts) => placed(scene, texts));
  return notes.find(({ width }) => width <= room) ?? null;
}

function plain(scene: Scene, text: string, cls: string): Note {
  return { parts: [{ text, cls }], width: widthOf(scene, text, "note") };
}

function placed(scene: Scene, [before = "", place = "", after = ""]: readonly string[]): Note {
  const width =
    widthOf(scene, before, "kind") + widthOf(scene, place, "segment") + widthOf(scene, after, "kind");
  const parts: readonly [TextPart, ...TextPart[]] = [
    { text: before, cls: "k" },
    { text: place, cls: "lk" },
    { text: after, cls: "k" },
  ];
  return { parts, width };
}

/** A place in the code leads to the exception and its frames. */
function noteShape({ ribbon, top }: Box, { parts }: Note, end: number): Shape {
  const shape = words(end, top + 27, "end", ...parts);
  // As it is read on the screen, so that it can be asked for by voice.
  const read = parts.map(({ text }) => text.trim()).join(" ");
  return ribbon.failed ? toException("place", `${read}: the exception and its frames`, shape) : shape;
}

function toException(key: string, label: string, shape: Shape): Shape {
  return { el: "view", key, view: "exception", label, shapes: [shape] };
}

/** The whole message as far as there is room, its type in red. */
function messageShapes(scene: Scene, box: Box, fault: Fault): readonly Shape[] {
  const [begin, top] = [textBegin(scene, box), box.top];
  const { lines, more } = messageOf(scene, fault, textRoom(scene.columns));
  const y = (index: number): number => top + 47 + index * LINE;
  const shapes = lines.map((line, index) => {
    const length = fault.message.trim() === "" ? fault.type.length : fault.type.length + 1;
    if (index > 0 || line.length < length) return phrase(begin, y(index), "start", line, "exm");
    return words(
      begin,
      y(index),
      "start",
      { text: line.slice(0, length), cls: "exm type" },
      // A space at the beginning of a part is not drawn.
      { text: line.slice(length).trimStart(), cls: "exm", dx: widthOf(scene, "0", "name") },
    );
  });
  const rest = `… ${grouped(more)} more ${more === 1 ? "line" : "lines"}`;
  if (more === 0) return shapes;
  return [
    ...shapes,
    toException("rest", `${rest}: the whole message`, phrase(begin, y(lines.length), "start", rest, "lk")),
  ];
}
