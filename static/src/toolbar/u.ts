/** The small U of one request: what ran on the way in, the view with its statements, what ran on the way out. */

import { time } from "../format";
import { svg } from "./dom";
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
    rect(`box ${told.view === null || made.stopped !== undefined ? "skipped" : (told.view.outcome ?? "")}`, left - 13, made.view, right - left + 26, made.bottom - made.view),
    ...wires(told, made, left, right),
    ...view(told, made, left, right, address),
    ...made.rows.map((row) => hook(row, left, right, told.elapsed, width < NARROW, address)),
  );
}

function wires({ error, view: ran, handler }: Told, { stopped, back, turn, bottom }: Plan, left: number, right: number): SVGElement[] {
  const axis = bottom - 10;
  const middle = (left + right) / 2;
  const down = `M${left} 4V${axis - 10}q0 10 10 10`;
  const up = `H${right - 10}q10 0 10-10V10`;
  const arrow = path("out fill", `M${right - 5} 11l5-9 5 9z`);
  const raised = (stopped ?? ran)?.outcome === "raised";
  const pipe = path("pipe", down + up);
  if (stopped === undefined && ran !== null && !raised) return [pipe, path("in", `${down}H${right - 40}`), path("out", `M${right - 40} ${axis}${up}`), arrow];

  const goal = handler === null ? right : middle;
  const out = back ? [path("out", `M${goal} ${turn}H${right}V10`), arrow] : [];
  const cross = (x: number, y: number): SVGElement[] => (raised ? [svg("circle", { class: "err fill", cx: x, cy: y, r: 7 }), path("cross", `M${x - 3} ${y - 3}l6 6m0-6l-6 6`)] : []);
  if (stopped !== undefined)
    return [pipe, path("in", `M${left} 4V${stopped.y}`), ...(back ? [path(raised ? "err" : "short", `M${left} ${stopped.y}C${left + 70} ${stopped.y} ${left + 20} ${turn} ${goal} ${turn}`)] : []), ...out, ...cross(left, stopped.y)];
  if (ran !== null) return [pipe, path("in", `${down}H${middle}`), ...(handler === null ? [] : [path("err", `M${middle} ${axis}V${turn}`)]), ...out, ...cross(middle, axis)];
  return [pipe, path("in", `M${left} 4V${turn}`), path(error === null && handler === null ? "out" : "err", `M${left} ${turn}H${goal}`), ...out];
}

function view({ bars, elapsed, status, error, view: ran, handler }: Told, { stopped, turn, view: top }: Plan, left: number, right: number, address: string): SVGElement[] {
  const middle = (left + right) / 2;
  const made: SVGElement[] = [];
  if (handler !== null) {
    const about = `  ${time(handler.took)}`;
    const name = fit(handler.name, Math.floor((right - left - 60 - about.length * SMALL) / CHARACTER));
    const wide = name.length * CHARACTER + about.length * SMALL + 20;
    made.push(link(address, handler, rect("chip", middle - wide / 2, turn - 12, wide, 24), text("", middle, turn + 4, "middle", part("name", name), part("mut", about))));
  }
  if (ran === null || stopped !== undefined) {
    const why = stopped === undefined ? `no view: ${status ?? "no answer"}` : stopped.outcome === "raised" ? "view not reached" : "view skipped";
    return [...made, text("mut", middle, top + 26, "middle", why)];
  }
  const begin = left + 16;
  const scale = (right - left - 32) / Math.max(1, ran.took);
  const lane = (kind: string, y: number, all: readonly Bar[]): SVGElement[] => all.map(([from, to]) => rect(kind, begin + (from - ran.begin) * scale, top + y, Math.max(1.5, (to - from) * scale), 9));
  const share = Math.round((ran.took / Math.max(1, elapsed)) * 100);
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
