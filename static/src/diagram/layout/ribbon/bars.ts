/** The bars of a lane: statements, templates or spans, at their time. */

import type { Step } from "../../../api/types";
import { grouped, time } from "../../../trace/format";
import { spanName } from "../../../trace/steps";
import { ellipsize } from "../../../trace/text";
import { isStatement, word } from "../../../trace/transactions";
import { stepNode } from "../nodes";
import { widthOf, type Scene } from "../scene";
import { phrase, rect, type Shape } from "../shapes";
import { xOf, type Box } from "./box";
import type { Lane } from "./lanes";
import type { Part } from "./part";

type BarLane = Extract<Lane, "sql" | "tpl" | "span">;

/** Steps of one bar, too close to be distinguished. */
interface Group {
  readonly steps: readonly [Step, ...Step[]];
  readonly from: number;
  readonly to: number;
}

const LONGEST_GROUP = 240;
const LONGEST_NAME = 2000;

export function drawBars(
  scene: Scene,
  box: Box,
  lane: BarLane,
  y: number,
  all: readonly Step[],
): Partial<Part> {
  const ids = new Set(all.map((step) => step.id));
  const steps = all.filter((step) => step.parent === null || !ids.has(step.parent));
  const repeats = lane === "sql" ? repeatsOf(steps) : new Map<string, number>();
  const inner: Shape[] = [];
  let edge = -Infinity;
  for (let index = 0; index < steps.length;) {
    const group = nextGroup(scene, box, lane, steps.slice(index), edge);
    index += group.steps.length;
    const x = Math.min(Math.max(group.from, edge), box.stop - 3);
    const w = Math.max(3, Math.min(group.to, box.stop + 3) - x - 2);
    edge = x + w + 1;
    const times = timesOf(group, repeats);
    inner.push(groupNode(scene, box, lane, group, barShapes(scene, box, lane, group, times, { x, y, w })));
  }
  return {
    inner: [
      ...inner,
      ...drawIncluded(
        scene,
        box,
        lane,
        y,
        all.filter((step) => !steps.includes(step)),
      ),
    ],
  };
}

function lasted({ ribbon }: Box, step: Step): number {
  return Math.max(0, Math.min(step.end ?? Infinity, ribbon.begin + ribbon.duration) - step.begin);
}

function totalOf(box: Box, { steps }: Group): number {
  return steps.reduce((sum, step) => sum + lasted(box, step), 0);
}

/** The first step, with those that cannot be distinguished from it. */
function nextGroup(scene: Scene, box: Box, lane: BarLane, steps: readonly Step[], edge: number): Group {
  const open = scene.opened.has(foldKey(box, lane)) && lane !== "sql";
  const group: Step[] = [];
  let from = Infinity;
  let to = -Infinity;
  for (const step of steps) {
    const x = xOf(box, step.begin);
    const w = xOf(box, step.begin + lasted(box, step)) - x;
    const others = lane === "sql" && group.some((each) => isStatement(each) !== isStatement(step));
    // Bars have a visible minimum width; where that would displace the next ones, they are merged.
    const pushed = Math.max(Math.max(from, edge) + 4, to - 1) - x;
    const gap = (x > to + 1.5 && pushed <= 2) || (others && x > to - 1 && pushed <= 6);
    if (group.length > 0 && (gap || w > 4 || to - from > LONGEST_GROUP || open)) break;
    group.push(step);
    from = Math.min(from, x);
    to = Math.max(to, x + Math.max(2, w));
    if (w > 4) break;
  }
  return { steps: group as [Step, ...Step[]], from, to };
}

function foldKey({ ribbon }: Box, lane: BarLane): string {
  return `${ribbon.key}:${lane}`;
}

function isEnd(lane: BarLane, step: Step): boolean {
  return lane === "sql" && !isStatement(step);
}

/** How often the statement of a bar was sent. */
function timesOf({ steps: [first, second] }: Group, repeats: ReadonlyMap<string, number>): number {
  return second === undefined && isStatement(first) ? (repeats.get(question(first)) ?? 1) : 1;
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
}

function barShapes(
  scene: Scene,
  box: Box,
  lane: BarLane,
  group: Group,
  times: number,
  { x, y, w }: Place,
): readonly Shape[] {
  const [first] = group.steps;
  const end = isEnd(lane, first);
  const cls = [
    `seg ${lane} ${end ? "tx" : ""}`,
    times > 1 ? "same" : "",
    group.steps.length > 1 ? "dense" : "",
    first.outcome === "raised" ? "err" : "",
  ];
  const bar = rect(x, y, w, 22, Math.min(4, w / 2), cls.join(" "));
  const text = textsOf(box, lane, group, times).find((each) => widthOf(scene, each, "segment") < w - 12);
  return text === undefined ? [bar] : [bar, phrase(x + 7, y + 15, "start", text, end ? "txt sql" : "sl")];
}

/** The possible labels of a bar, the longest first. */
function textsOf(box: Box, lane: BarLane, group: Group, times: number): readonly string[] {
  const [first] = group.steps;
  const spent = time(lasted(box, first));
  if (group.steps.length > 1) {
    const count = `× ${grouped(group.steps.length)}`;
    return [`${count}  ${time(totalOf(box, group))}`, count];
  }
  if (isEnd(lane, first)) return [`${word(first)}  ${spent}`, word(first)];
  return lane === "sql" ? statementTexts(first, spent, times) : nameTexts(first, spent);
}

function groupNode(scene: Scene, box: Box, lane: BarLane, group: Group, shapes: readonly Shape[]): Shape {
  const { steps } = group;
  const [first, second] = steps;
  const total = time(totalOf(box, group));
  const count = grouped(steps.length);
  if (second === undefined) {
    const name = spanName(first).slice(0, LONGEST_NAME);
    return stepNode(scene, first, `${first.stage} ${name}, ${time(lasted(box, first))}`, shapes);
  }
  if (lane !== "sql")
    return {
      el: "fold",
      key: foldKey(box, lane),
      steps: steps.map((step) => step.id),
      open: scene.opened.has(foldKey(box, lane)),
      label: `${steps.length} ${lane === "tpl" ? "templates" : "spans"}, ${total}`,
      shapes,
    };
  const slowest = steps.reduce((most, step) => (lasted(box, step) > lasted(box, most) ? step : most), first);
  const label = `${count} ${kindsOf(steps)}, ${total}; the slowest: ${slowest.name}`;
  return stepNode(scene, slowest, label, shapes);
}

/** Templates and spans inside others: a thin bar at the foot of theirs, darker with each level. */
function drawIncluded(
  scene: Scene,
  box: Box,
  lane: BarLane,
  y: number,
  steps: readonly Step[],
): readonly Shape[] {
  return steps.map((step) => {
    const spent = lasted(box, step);
    const end = Math.min(box.stop, xOf(box, step.begin + spent)) - 4;
    const x = Math.min(xOf(box, step.begin), end - 3);
    const bar = rect(x, y + 18.5, end - x, 3, 1.5, `seg ${lane} included`);
    return stepNode(scene, step, `${step.stage} ${step.name}, ${time(spent)}`, [bar]);
  });
}

/** A statement that the driver sent by itself, within another step, is only the end of a bracket. */
export function hasBar(step: Step): boolean {
  return step.stage !== "sql" || step.end !== step.begin || isStatement(step);
}

function kindsOf(steps: readonly Step[]): string {
  const statements = steps.filter(isStatement).length;
  if (statements === steps.length) return "statements";
  return statements === 0 ? "transaction steps" : "statements and transaction steps";
}

/** The identity of a statement: its text and its parameters. */
function question(step: Step): string {
  return JSON.stringify([step.name, step.detail["parameters"] ?? null]);
}

function repeatsOf(steps: readonly Step[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const step of steps)
    if (isStatement(step)) counts.set(question(step), (counts.get(question(step)) ?? 0) + 1);
  return counts;
}

const TABLE = /\b(?:FROM|INTO|UPDATE|TABLE)\s+(?:IF (?:NOT )?EXISTS\s+)?["`[]?(\w+)/i;

/** The table of a statement, or its first word. */
export function tableOf({ name }: Step): string {
  const [, named] = TABLE.exec(name.slice(0, LONGEST_NAME)) ?? [];
  return named ?? ellipsize(name, 12).split(" ")[0] ?? "";
}

/** The short label of a statement: its table. */
function statementTexts(step: Step, spent: string, times: number): readonly string[] {
  const table = tableOf(step);
  const often = times > 1 ? `${times}× ` : "";
  return [`${often}${table}  ${spent}`, `${often}${table}`, ...(times > 1 ? [`${times}×`] : [])];
}

function nameTexts(step: Step, spent: string): readonly string[] {
  if (step.stage === "span") {
    const [name, target] = [step.name, spanName(step)].map((each) => ellipsize(each, 120));
    return [`${target}  ${spent}`, `${target}`, `${name}  ${spent}`, spent];
  }
  const full = ellipsize(step.name, 120).replace(/^SELECT .*? FROM/, "SELECT … FROM");
  const table = full.replace(/.*FROM (\w+).*/, "$1");
  const short = full.replace(/ WHERE.*| LIMIT.*/, "");
  return [`${full}  ${spent}`, `${short}  ${spent}`, `${table}  ${spent}`, spent];
}
