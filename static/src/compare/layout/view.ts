/** The box of both views: its title, their lanes, and the axis with what one of them answers sooner. */

import { GEOMETRY } from "../../diagram/layout/geometry";
import { ticksOf } from "../../diagram/layout/ribbon/ticks";
import {
  d,
  line,
  phrase,
  rect,
  words,
  type Node,
  type Shape,
  type TextPart,
} from "../../diagram/layout/shapes";
import { plural, time } from "../../trace/format";
import type { Compared, ComparedView } from "../model/types";
import { lastedOf, xOf, type Axis } from "./axis";
import { labelOf } from "./chips";
import { isVisible } from "./difference";
import { drawLanes, laneY } from "./lanes";
import { fit, SIZES, widthOf, type Space } from "./space";

const [KIND_GAP, TIME_GAP, NOTE_GAP] = [9, 16, 10];
/** Shorter than this, ns, there is nothing to measure. */
const LEAST = 2000;

interface ViewShapes {
  readonly back: readonly Shape[];
  readonly nodes: readonly Shape[];
}

export function drawView(model: Compared, axis: Axis, space: Space): ViewShapes {
  const { view } = model;
  const { left, right, top, height } = axis;
  const box = (cls: string): Shape => rect(left, top, right - left, height, 12, `vbox ${cls}`);
  if (view.a === null && view.b === null) {
    const why = [...new Set([view.why.a, view.why.b])].filter((text) => text !== "").join(" · ");
    const text = fit(space, why || "no view ran", "kind", axis.end - axis.begin);
    return { back: [box("ghost")], nodes: [phrase((left + right) / 2, top + 27, "middle", text, "note")] };
  }
  const current = view.index !== null && view.index === space.selected;
  const label = labelOf(
    {
      kind: "view",
      name: view.name,
      times: view.times,
      outcomes: null,
      in: view.a === null ? "b" : view.b === null ? "a" : "both",
    },
    model.single,
  );
  const node: Node = {
    el: "node",
    key: "view",
    step: view.index,
    stage: "view",
    state: (view.b ?? view.a)?.state ?? "done",
    label,
    current,
    shapes: [
      ...(current ? [rect(left + 3, top + 3, right - left - 6, 36, 9, "picked")] : []),
      titleOf(model, axis, space),
    ],
  };
  return {
    back: [box([view.a, view.b].every((ribbon) => ribbon?.failed === true) ? "err" : "")],
    nodes: [node, ...drawLanes(view, axis, space), ...drawTicks(axis, space), ...answers(model, axis, space)],
  };
}

function titleOf({ view, single }: Compared, axis: Axis, space: Space): Shape {
  const room = axis.end - axis.begin - widthOf(space, "view", "kind") - KIND_GAP;
  const took = timesOf(view);
  const tookWidth = TIME_GAP + widthOf(space, took, "taken");
  const name = fit(space, view.name, "title", Math.max(60, room - tookWidth));
  const left = room - tookWidth - widthOf(space, name, "title") - NOTE_GAP;
  const note = notesOf(view, single).find((text) => widthOf(space, text, "kind") <= left);
  const first: TextPart = { text: "view", cls: "k" };
  return words(
    axis.begin,
    axis.top + 26,
    "start",
    first,
    { text: name, cls: "vt", dx: KIND_GAP },
    { text: took, cls: "vd", dx: TIME_GAP },
    ...(note === undefined ? [] : [{ text: note, cls: "k", dx: NOTE_GAP }]),
  );
}

function timesOf({ times: { a, b } }: ComparedView): string {
  if (a === null || b === null) return time(a ?? b ?? 0);
  return `${time(a)} → ${time(b)}`;
}

/** What it differs by, the longest text first. */
function notesOf(
  { a, b, times, statements: [before, now] }: ComparedView,
  single: boolean,
): readonly string[] {
  if (a === null || b === null) return [`only in ${a === null ? "B" : "A"}`];
  const by = (times.b ?? 0) - (times.a ?? 0);
  const shown = single ? isVisible(times.a ?? 0, times.b ?? 0) : times.beyond;
  const took = shown ? [`${time(Math.abs(by))} ${by < 0 ? "less" : "more"}`] : [];
  const more = now - before;
  const sent = more === 0 ? [] : [`${plural(Math.abs(more), "statement")} ${more < 0 ? "fewer" : "more"}`];
  const all = [...took, ...sent].join(", ");
  return [all, ...took].filter((text) => text !== "");
}

function drawTicks(axis: Axis, space: Space): readonly Shape[] {
  const { begin, end, span, y } = axis;
  if (span <= LEAST) return [];
  return ticksOf(span, end - begin, (text) => widthOf(space, text, "tick")).map(({ at, text }) =>
    phrase(xOf(axis, at), y + 27, "middle", text, "tick"),
  );
}

/** A bracket over the time that the one view goes on without the other, in the lane that is free by then. */
function answers({ view, single }: Compared, axis: Axis, space: Space): readonly Shape[] {
  const { a, b, times } = view;
  if (a === null || b === null || a.failed || b.failed || times.a === null || times.b === null) return [];
  const by = times.b - times.a;
  const [ofA, ofB] = [xOf(axis, lastedOf(a)), xOf(axis, lastedOf(b))];
  const shown = single ? isVisible(times.a, times.b) : times.beyond;
  // Of several runs, those that are drawn may differ the other way.
  if (!shown || Math.sign(ofB - ofA) !== Math.sign(by)) return [];
  const [from, to] = [Math.min(ofA, ofB), Math.max(ofA, ofB)];
  const lane = laneY(axis, by < 0 ? "b" : "a");
  const y = lane + SIZES.lane.height - 2;
  const text = `B answers ${time(Math.abs(by))} ${by < 0 ? "sooner" : "later"}`;
  const width = widthOf(space, text, "note");
  const x = Math.max(from + width / 2 + 8, Math.min((from + to) / 2, axis.end - width / 2));
  return [
    line(d`M${from} ${y + 5}v-5H${to}v5`, "gauge"),
    ...(x + width / 2 <= axis.end + GEOMETRY.pill.gap
      ? [phrase(x, lane + 12, "middle", text, "tag own mid")]
      : []),
  ];
}
