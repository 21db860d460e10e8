/** What ran in both views, at its time: A's lane over B's. */

import { tableOf } from "../../diagram/layout/ribbon/bars";
import { circle, d, line, phrase, rect, type Shape } from "../../diagram/layout/shapes";
import type { Ribbon } from "../../diagram/model/types";
import type { Step } from "../../api/types";
import { grouped, time } from "../../trace/format";
import { isStatement } from "../../trace/transactions";
import { ellipsize } from "../../trace/text";
import type { ComparedView, SideName } from "../model/types";
import { ownClock, xOf, type Axis } from "./axis";
import { SEVERAL } from "./like";
import { SIZES, widthOf, type Space } from "./space";

const [LEAST, LONGEST_BRACKET] = [3, 60];

export function drawLanes(view: ComparedView, axis: Axis, space: Space): readonly Shape[] {
  return (["a", "b"] as const).flatMap((of) => {
    const ribbon = view[of];
    const y = laneY(axis, of);
    const why = view.why[of];
    return [
      ...nameOf(axis, of, y),
      ...(ribbon === null
        ? [phrase(axis.begin, y + 15, "start", why, "tag plain")]
        : laneOf(ribbon, axis, space, of)),
    ];
  });
}

export function laneY({ top }: Axis, of: SideName): number {
  return top + (of === "a" ? SIZES.lane.first : SIZES.lane.second);
}

function nameOf({ begin }: Axis, of: SideName, y: number): readonly Shape[] {
  const { ring, disc } = SIZES;
  return [
    phrase(begin - 24, y + 15, "end", of.toUpperCase(), "lane own"),
    circle(begin - 14, y + 10.5, of === "a" ? ring : disc - 0.5, `dot own ${of === "a" ? "ringed" : ""}`),
  ];
}

/** A bar, which may be of several steps that are too close to be told apart. */
interface Bar {
  readonly steps: readonly [Step, ...Step[]];
  readonly x: number;
  readonly w: number;
}

function laneOf(ribbon: Ribbon, axis: Axis, space: Space, of: SideName): readonly Shape[] {
  const y = laneY(axis, of);
  const bars = barsOf(ribbon, axis);
  const groups = groupsOf(bars);
  const grouped = new Set(groups.flat());
  return [
    ...bars.flatMap((bar) => barShapes(bar, y, space, of, grouped.has(bar))),
    ...brackets(groups, of, axis, space),
  ];
}

function barsOf(ribbon: Ribbon, axis: Axis): readonly Bar[] {
  const { segments, begin } = ribbon;
  const { at } = ownClock(ribbon);
  const bars: Bar[] = [];
  const ids = new Set(segments.map(({ id }) => id));
  for (const step of segments) {
    if (step.parent !== null && ids.has(step.parent)) continue;
    const last = bars.at(-1);
    const from = Math.min(xOf(axis, at(step.begin - begin)), axis.end - LEAST);
    const to = xOf(axis, at((step.end ?? step.begin) - begin));
    const next = last === undefined ? axis.begin : last.x + last.w + 1;
    // What is denser than pixels is one bar.
    if (last?.steps[0].stage === step.stage && to - from - 2 <= LEAST && next > from + 0.5)
      bars[bars.length - 1] = { ...last, steps: [...last.steps, step], w: Math.max(last.w, to - last.x - 2) };
    else {
      const x = Math.min(Math.max(from, next), axis.end - LEAST);
      bars.push({ steps: [step], x, w: Math.max(LEAST, Math.min(to, axis.end) - x - 2) });
    }
  }
  return bars;
}

/** Bars in a row of the same statement. */
function groupsOf(bars: readonly Bar[]): readonly (readonly [Bar, ...Bar[]])[] {
  const runs: [Bar, ...Bar[]][] = [];
  for (const bar of bars) {
    const run = runs.at(-1);
    const same = run !== undefined && sameStatement([...run[0].steps, ...bar.steps]);
    if (same) run.push(bar);
    else runs.push([bar]);
  }
  return runs.filter((run) => sameStatement(run.flatMap(({ steps }) => steps)) && countOf(run) >= SEVERAL);
}

function sameStatement(steps: readonly Step[]): boolean {
  return steps.every((step) => isStatement(step) && step.name === steps[0]?.name);
}

function countOf(bars: readonly Bar[]): number {
  return bars.reduce((sum, { steps }) => sum + steps.length, 0);
}

function barShapes(
  { steps, x, w }: Bar,
  y: number,
  space: Space,
  of: SideName,
  grouped: boolean,
): readonly Shape[] {
  const [step] = steps;
  const kind = step.stage === "template" ? "tpl" : step.stage;
  const form = of === "a" ? "hollow" : "";
  const error = step.outcome === "raised" ? "err" : "";
  const title = `${of.toUpperCase()}: ${steps.length > 1 ? `${steps.length} × ` : ""}${step.name}`;
  const bar = rect(x, y, w, SIZES.lane.height, Math.min(4, w / 2), `seg ${kind} ${form} ${error}`, title);
  const text = grouped ? undefined : textsOf(steps).find((each) => widthOf(space, each, "segment") < w - 8);
  if (text === undefined) return [bar];
  return [bar, phrase(x + 5, y + 15.3, "start", text, of === "a" ? `sl own ${kind}` : "sl")];
}

/** The labels that a bar may have, the longest first. */
function textsOf(steps: Bar["steps"]): readonly string[] {
  const [step] = steps;
  if (steps.length > 1) return [`× ${grouped(steps.length)}`];
  if (step.stage === "sql") return isStatement(step) ? [tableOf(step)] : [];
  const name = ellipsize(step.name);
  const short = ellipsize(step.name.replace(/^.*\//, ""));
  return [`${name} ${time((step.end ?? step.begin) - step.begin)}`, name, short];
}

/** Above A's lane, below B's. */
function brackets(
  groups: readonly (readonly [Bar, ...Bar[]])[],
  of: SideName,
  axis: Axis,
  space: Space,
): readonly Shape[] {
  const above = of === "a";
  const y = laneY(axis, of) + (above ? -4 : SIZES.lane.height + 3);
  let edge = axis.begin - 40;
  return groups.flatMap((group, index) => {
    const [from, to] = extentOf(group);
    const next = groups[index + 1];
    const until = next === undefined ? axis.end : extentOf(next)[0] - 4;
    const text = labelsOf(group).find((each) => widthOf(space, each, "pill") < until - edge);
    const half = text === undefined ? 0 : widthOf(space, text, "pill") / 2;
    const x = Math.max(edge + half, Math.min((from + to) / 2, until - half));
    edge = Math.max(to, x + half) + 8;
    return [
      line(above ? d`M${from} ${y}v-4H${to}v4` : d`M${from} ${y}v3H${to}v-3`, "tx sql"),
      ...(text === undefined ? [] : [phrase(x, above ? y - 8 : y + 15, "middle", text, "txt sql")]),
    ];
  });
}

function extentOf(group: readonly [Bar, ...Bar[]]): readonly [from: number, to: number] {
  const last = group.at(-1) ?? group[0];
  return [group[0].x, last.x + last.w];
}

function labelsOf(group: readonly [Bar, ...Bar[]]): readonly string[] {
  const [step] = group[0].steps;
  const count = `${countOf(group)} ×`;
  const statement = step.name.replace(/^SELECT .*? FROM/is, "SELECT … FROM");
  return [`${count} ${ellipsize(statement, LONGEST_BRACKET)}`, `${count} ${tableOf(step)}`, count];
}
