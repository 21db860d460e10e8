/** The small U of one request: what ran on the way in, the view with its statements, what ran on the way out. */

import { time } from "../format";
import { svg, type Child } from "./dom";
import { fit, plan, type Placed, type Plan } from "./plan";
import type { Bar, Ran, Told } from "./told";

/** The widths of a character of a name and of what stands beside it, in pixels. */
const CHARACTER = 6.95;
const SMALL = 5.8;
/** Narrower than this, only what took long says how long. */
const NARROW = 400;

/** Draw it so wide; `address` is the request's in the panel. */
export function draw(told: Told, width: number, address: string): SVGElement {
  const made = plan(told);
  const left = made.wire;
  const right = width - left;
  let hue = 0;
  return svg(
    "svg",
    { class: "u", width, height: made.height, role: "group", "aria-label": `${told.method} ${told.path} through the app` },
    ...made.layers.flatMap(({ label, inset, top, bottom }) => {
      const wide = label.length * SMALL + 18;
      const cls = label === "contexts" || label === "app" ? "mut" : `bp${(hue++ % 2) + 1}`;
      return [rect(`layer ${cls}`, 1 + inset, top, width - 2 - 2 * inset, bottom - top), rect("pill", (width - wide) / 2, top - 8, wide, 16), text(`label ${cls}`, width / 2, top + 4, "middle", label)];
    }),
    rect(`box ${told.instead === null ? (told.view?.outcome ?? "") : "skipped"}`, left - 13, made.view, right - left + 26, made.bottom - made.view),
    ...wires(told, made, left, right),
    ...view(told, made, left, right, address),
    ...made.rows.map((row) => hook(row, left, right, told.elapsed, width < NARROW, address)),
  );
}

function wires({ state, view: ran, handler, back }: Told, { rows, stopped, turn, bottom }: Plan, left: number, right: number): Child[] {
  const axis = bottom - 10;
  const middle = (left + right) / 2;
  const down = `M${left} 4V${axis - 10}q0 10 10 10H`;
  const climb = `H${right - 10}q10 0 10-10V`;
  const running = state === "running";
  const raised = (stopped ?? ran)?.outcome === "raised";
  const through = stopped === undefined && ran !== null && !raised;
  const goal = handler === null ? right : middle;
  // Where the way in ends, and how far up the way out has come.
  const [x, y] = stopped !== undefined ? [left, stopped.y] : ran !== null ? [through && back ? right - 40 : middle, axis] : [left, running && !back ? Math.max(10, ...rows.map((row) => row.y)) : turn];
  const top = running ? Math.min(...rows.map((row) => (row.inward ? Infinity : row.y))) : 10;
  const bow = goal > x ? 1 : 0;
  return [
    path("pipe", `${down}${middle}${climb}10`),
    path("in", y === axis ? down + x : `M${left} 4V${y}`),
    back && !through && path(raised || handler !== null ? "err" : stopped === undefined ? "out" : "short", `M${x} ${y}C${x + 70 * bow} ${y} ${x + 20 * bow} ${turn} ${goal} ${turn}`),
    back && top < Infinity && path("out", (through ? `M${x} ${axis}${climb}` : `M${goal} ${turn}H${right}V`) + top),
    back && !running && path("out fill", `M${right - 5} 11l5-9 5 9z`),
    raised && svg("circle", { class: "err fill", cx: x, cy: y, r: 7 }),
    raised && path("cross", `M${x - 3} ${y - 3}l6 6m0-6l-6 6`),
  ];
}

function view({ bars, elapsed, error, instead, view: ran, handler }: Told, { turn, view: top }: Plan, left: number, right: number, address: string): SVGElement[] {
  const middle = (left + right) / 2;
  const made: SVGElement[] = [];
  if (handler !== null) {
    const about = `  ${time(handler.took)}`;
    const name = fit(handler.name, Math.floor((right - left - 60 - about.length * SMALL) / CHARACTER));
    const wide = name.length * CHARACTER + about.length * SMALL + 20;
    made.push(link(address, handler, rect("chip", middle - wide / 2, turn - 12, wide, 24), text("", middle, turn + 4, "middle", part("name", name), part("mut", about))));
  }
  if (ran === null || instead !== null) return [...made, text("mut", middle, top + 26, "middle", instead ?? "")];
  const begin = left + 16;
  const scale = (right - left - 32) / ran.took;
  const lane = (kind: string, y: number, all: readonly Bar[]): SVGElement[] => all.map(([from, to]) => rect(kind, begin + (from - ran.begin) * scale, top + y, Math.max(1.5, (to - from) * scale), 9));
  const share = Math.round((ran.took / elapsed) * 100);
  const about = ran.outcome === "raised" && error !== null ? error[0] : `${time(ran.took)} · ${share} %${statements(ran)}`;
  const name = fit(ran.name, Math.floor((right - left - 44 - about.length * SMALL) / 7.5));
  return [...made, link(address, ran, text("", begin, top + 22, "start", part("name big", name), part("mut", `  ${about}`))), ...lane("sql", 36, bars.sql), ...lane("tpl", 49, bars.template)];
}

function hook(ran: Placed, left: number, right: number, elapsed: number, narrow: boolean, address: string): SVGElement {
  const { name, took, outcome, y, inward, alone } = ran;
  const hot = took * 10 > elapsed;
  const about = narrow && !hot ? "" : time(took) + statements(ran);
  const room = (right - left) / (alone ? 1 : 2) - 24 - about.length * SMALL;
  const parts = [part("name", fit(name, Math.floor(room / CHARACTER))), part(hot ? "hot" : "mut", `  ${about}  `)];
  const words = inward ? text("", left + 13, y + 4, "start", ...parts) : text("", right - 13, y + 4, "end", ...parts.reverse());
  const dot = svg("circle", { class: outcome === "raised" ? "err" : outcome === "short_circuit" ? "short" : inward ? "in" : "out", cx: inward ? left : right, cy: y, r: 5 });
  return link(address, ran, dot, words);
}

function statements({ sql }: Ran): string {
  return sql > 0 ? ` · ${sql} SQL` : "";
}

function link(address: string, { step }: Ran, ...children: readonly SVGElement[]): SVGElement {
  return step === null ? svg("g", {}, ...children) : svg("a", { href: `${address}/${step}`, target: "_blank", rel: "noopener" }, ...children);
}

function rect(cls: string, x: number, y: number, width: number, height: number): SVGElement {
  return svg("rect", { class: cls, x, y, width, height, rx: Math.min(9, height / 4) });
}

function path(cls: string, d: string): SVGElement {
  return svg("path", { class: cls, d });
}

function text(cls: string, x: number, y: number, anchor: string, ...said: readonly (Node | string)[]): SVGElement {
  return svg("text", { class: cls, x, y, "text-anchor": anchor }, ...said);
}

function part(cls: string, said: string): SVGElement {
  return svg("tspan", { class: cls }, said);
}
