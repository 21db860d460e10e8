/**
 * The small U of one request: the functions on the way in, the view with its statements, the functions
 * on the way out.
 */

import { time } from "../trace/format";
import { path, svg, type Child } from "./dom";
import { fit, planOf, type Placed, type Plan } from "./layout";
import type { Bar, Ran, RequestRecord } from "./types";

/** The widths of a character of a name and of a label beside it, in pixels. */
const CHARACTER = 6.95;
const SMALL = 6.1;
/** From a wire to a name and a gap behind it. */
const ASIDE = 24;
/** Below this width, only slow steps show their times. */
const NARROW = 400;

/** Shared by all parts of the drawing. */
interface Scene {
  readonly record: RequestRecord;
  readonly plan: Plan;
  readonly width: number;
  /** The wires, and the middle between them. */
  readonly left: number;
  readonly right: number;
  readonly middle: number;
  /** The request's in the panel. */
  readonly address: string;
}

/** Draw it in a width; `address` is the request's URL in the panel. */
export function draw(record: RequestRecord, width: number, address: string): SVGElement {
  const plan = planOf(record);
  const [left, right] = [plan.wire, width - plan.wire];
  const scene: Scene = { record, plan, width, left, right, middle: width / 2, address };
  const label = `${record.method} ${record.path} through the app`;
  return svg(
    "svg",
    { class: "u", width, height: plan.height, role: "group", "aria-label": label },
    ...drawLayers(scene),
    drawBox(scene),
    ...drawWires(scene),
    ...drawHandler(scene),
    ...drawView(scene),
    ...plan.rows.map((row) => drawHook(scene, row)),
  );
}

function drawLayers({ plan: { layers }, width, middle }: Scene): readonly SVGElement[] {
  let hue = 0;
  return layers.flatMap(({ label, inset, top, bottom }) => {
    const wide = label.length * SMALL + 18;
    const cls = label === "contexts" || label === "app" ? "mut" : `bp${(hue++ % 2) + 1}`;
    return [
      rect(`layer ${cls}`, 1 + inset, top, width - 2 - 2 * inset, bottom - top),
      rect("pill", middle - wide / 2, top - 8, wide, 16),
      text(`label ${cls}`, middle, top + 4, "middle", label),
    ];
  });
}

function drawBox({ record: { instead, view }, plan: { view: top, bottom }, left, right }: Scene): SVGElement {
  const state = instead === null ? (view?.outcome ?? "") : "skipped";
  return rect(`box ${state}`, left - 13, top, right - left + 26, bottom - top);
}

/** The path in and out, as far as the request has come. */
interface Way {
  /** Where the way in ends. */
  readonly x: number;
  readonly y: number;
  /** How far up the way out has come. */
  readonly end: number;
  /** Where the way out begins, if not below the view. */
  readonly goal: number;
  readonly raised: boolean;
  /** Whether it goes through the view. */
  readonly through: boolean;
}

function wayOf({ record, plan, left, right, middle }: Scene): Way {
  const { state, back, handler, view } = record;
  const { stopped, turn, rows, bottom } = plan;
  const running = state === "running";
  const raised = (stopped ?? view)?.outcome === "raised";
  const through = stopped === undefined && view !== null && !raised;
  const lowest = running && !back ? Math.max(10, ...rows.map((row) => row.y)) : turn;
  const [x, y] =
    stopped !== undefined
      ? [left, stopped.y]
      : view !== null
        ? [through && back ? right - 40 : middle, bottom - 10]
        : [left, lowest];
  const end = running ? Math.min(...rows.map((row) => (row.inward ? Infinity : row.y))) : 10;
  return { x, y, end, goal: handler === null ? right : middle, raised, through };
}

function drawWires(scene: Scene): readonly Child[] {
  const { record, plan, left, right, middle } = scene;
  const { back, handler, state } = record;
  const { x, y, end, goal, raised, through } = wayOf(scene);
  const axis = plan.bottom - 10;
  const down = `M${left} 4V${axis - 10}q0 10 10 10H`;
  const climb = `H${right - 10}q10 0 10-10V`;
  const bow = goal > x ? 1 : 0;
  const tone = raised || handler !== null ? "err" : plan.stopped === undefined ? "out" : "short";
  const curve = `C${x + 70 * bow} ${y} ${x + 20 * bow} ${plan.turn} ${goal} ${plan.turn}`;
  const up = through ? `M${x} ${axis}${climb}` : `M${goal} ${plan.turn}H${right}V`;
  return [
    path("pipe", `${down}${middle}${climb}10`),
    path("in", y === axis ? down + x : `M${left} 4V${y}`),
    back && !through && path(tone, `M${x} ${y}${curve}`),
    back && end < Infinity && path("out", up + end),
    back && state !== "running" && path("out fill", `M${right - 5} 11l5-9 5 9z`),
    raised && svg("circle", { class: "err fill", cx: x, cy: y, r: 7 }),
    raised && path("cross", `M${x - 3} ${y - 3}l6 6m0-6l-6 6`),
  ];
}

function drawHandler(scene: Scene): readonly SVGElement[] {
  const { record, plan, left, right, middle } = scene;
  const { handler } = record;
  if (handler === null) return [];
  const about = `  ${time(handler.took)}`;
  const name = fit(handler.name, (right - left - 60 - about.length * SMALL) / CHARACTER);
  const wide = name.length * CHARACTER + about.length * SMALL + 20;
  const words = text("", middle, plan.turn + 4, "middle", part("name", name), part("mut", about));
  return [link(scene, handler, rect("chip", middle - wide / 2, plan.turn - 12, wide, 24), words)];
}

function drawView(scene: Scene): readonly SVGElement[] {
  const { record, plan, left, right, middle } = scene;
  const { view, instead, bars } = record;
  const top = plan.view;
  if (view === null || instead !== null) return [text("mut", middle, top + 26, "middle", instead ?? "")];
  const begin = left + 16;
  const scale = (right - left - 32) / view.took;
  const lane = (kind: string, y: number, all: readonly Bar[]): SVGElement[] =>
    all.map(([from, to]) =>
      rect(kind, begin + (from - view.begin) * scale, top + y, Math.max(1.5, (to - from) * scale), 9),
    );
  const about = viewText(record, view);
  const name = fit(view.name, (right - left - 44 - about.length * SMALL) / 7.5);
  const words = text("", begin, top + 22, "start", part("name big", name), part("mut", `  ${about}`));
  return [link(scene, view, words), ...lane("sql", 36, bars.sql), ...lane("tpl", 49, bars.template)];
}

/** Its exception, or its duration. */
function viewText({ error, elapsed }: RequestRecord, view: Ran): string {
  if (view.outcome === "raised" && error !== null) return error[0];
  return `${time(view.took)} · ${Math.round((view.took / elapsed) * 100)}%${statements(view)}`;
}

function drawHook(scene: Scene, row: Placed): SVGElement {
  const { left, right } = scene;
  const { name, outcome, y, inward } = row;
  const { text: about, hot } = aboutOf(scene, row);
  const room = roomOf(scene, row) - about.length * SMALL;
  const parts = [part("name", fit(name, room / CHARACTER)), part(hot ? "hot" : "mut", `  ${about}  `)];
  const words = inward
    ? text("", left + 13, y + 4, "start", ...parts)
    : text("", right - 13, y + 4, "end", ...parts.reverse());
  const tone = outcome === "raised" ? "err" : outcome === "short_circuit" ? "short" : inward ? "in" : "out";
  const dot = svg("circle", { class: tone, cx: inward ? left : right, cy: y, r: 5 });
  return link(scene, row, dot, words);
}

/** Its time and its statements; where there is little room, only of a slow one. */
function aboutOf({ record, width }: Scene, row: Placed): { readonly text: string; readonly hot: boolean } {
  const hot = row.took * 10 > record.elapsed;
  return { text: width < NARROW && !hot ? "" : time(row.took) + statements(row), hot };
}

/** The width for a name and what is beside it: what the opposite one leaves, and no less than half. */
function roomOf(scene: Scene, { y, inward }: Placed): number {
  const { plan, left, right } = scene;
  const opposite = plan.rows.find((each) => each.y === y && each.inward !== inward);
  if (opposite === undefined) return right - left - ASIDE;
  const taken = opposite.name.length * CHARACTER + (aboutOf(scene, opposite).text.length + 2) * SMALL;
  const room = right - left - 2 * ASIDE;
  return Math.max(room / 2, room - taken);
}

function link({ address }: Scene, { step }: Ran, ...children: readonly SVGElement[]): SVGElement {
  return step === null
    ? svg("g", {}, ...children)
    : svg("a", { href: `${address}/${step}`, target: "_blank", rel: "noopener" }, ...children);
}

function statements({ sql }: Ran): string {
  return sql > 0 ? ` · ${sql} SQL` : "";
}

function rect(cls: string, x: number, y: number, width: number, height: number): SVGElement {
  return svg("rect", { class: cls, x, y, width, height, rx: Math.min(9, height / 4) });
}

function text(
  cls: string,
  x: number,
  y: number,
  anchor: string,
  ...said: readonly (Node | string)[]
): SVGElement {
  return svg("text", { class: cls, x, y, "text-anchor": anchor }, ...said);
}

function part(cls: string, said: string): SVGElement {
  return svg("tspan", { class: cls }, said);
}
