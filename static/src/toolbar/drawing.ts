/** The small U of one request: what ran on the way in, the view with its statements, what ran on the way out. */

import { time } from "../trace/format";
import { path, svg, type Child } from "./dom";
import { fit, plan, type Placed } from "./layout";
import type { Bar, Ran, Told } from "./types";

/** The widths of a character of a name and of what stands beside it, in pixels. */
const CHARACTER = 6.95;
const SMALL = 5.8;
/** Narrower than this, only what took long says how long. */
const NARROW = 400;

/** Draw it so wide; `address` is the request's in the panel. */
export function draw(told: Told, width: number, address: string): SVGElement {
  const { elapsed, handler, instead, view: ran } = told;
  const { layers, rows, stopped, turn, view: top, bottom, wire: left, height } = plan(told);
  const right = width - left;
  const middle = width / 2;
  let hue = 0;
  return svg(
    "svg",
    { class: "u", width, height, role: "group", "aria-label": `${told.method} ${told.path} through the app` },
    ...layers.flatMap(({ label, inset, top: high, bottom: low }) => {
      const wide = label.length * SMALL + 18;
      const cls = label === "contexts" || label === "app" ? "mut" : `bp${(hue++ % 2) + 1}`;
      return [
        rect(`layer ${cls}`, 1 + inset, high, width - 2 - 2 * inset, low - high),
        rect("pill", middle - wide / 2, high - 8, wide, 16),
        text(`label ${cls}`, middle, high + 4, "middle", label),
      ];
    }),
    rect(
      `box ${instead === null ? (ran?.outcome ?? "") : "skipped"}`,
      left - 13,
      top,
      right - left + 26,
      bottom - top,
    ),
    ...wires(),
    ...view(),
    ...rows.map(hook),
  );

  function wires(): Child[] {
    const { state, back } = told;
    const axis = bottom - 10;
    const down = `M${left} 4V${axis - 10}q0 10 10 10H`;
    const climb = `H${right - 10}q10 0 10-10V`;
    const running = state === "running";
    const raised = (stopped ?? ran)?.outcome === "raised";
    const through = stopped === undefined && ran !== null && !raised;
    const goal = handler === null ? right : middle;
    // Where the way in ends, and how far up the way out has come.
    const [x, y] =
      stopped !== undefined
        ? [left, stopped.y]
        : ran !== null
          ? [through && back ? right - 40 : middle, axis]
          : [left, running && !back ? Math.max(10, ...rows.map((row) => row.y)) : turn];
    const end = running ? Math.min(...rows.map((row) => (row.inward ? Infinity : row.y))) : 10;
    const bow = goal > x ? 1 : 0;
    return [
      path("pipe", `${down}${middle}${climb}10`),
      path("in", y === axis ? down + x : `M${left} 4V${y}`),
      back &&
        !through &&
        path(
          raised || handler !== null ? "err" : stopped === undefined ? "out" : "short",
          `M${x} ${y}C${x + 70 * bow} ${y} ${x + 20 * bow} ${turn} ${goal} ${turn}`,
        ),
      back &&
        end < Infinity &&
        path("out", (through ? `M${x} ${axis}${climb}` : `M${goal} ${turn}H${right}V`) + end),
      back && !running && path("out fill", `M${right - 5} 11l5-9 5 9z`),
      raised && svg("circle", { class: "err fill", cx: x, cy: y, r: 7 }),
      raised && path("cross", `M${x - 3} ${y - 3}l6 6m0-6l-6 6`),
    ];
  }

  function view(): SVGElement[] {
    const made: SVGElement[] = [];
    if (handler !== null) {
      const about = `  ${time(handler.took)}`;
      const name = fit(handler.name, (right - left - 60 - about.length * SMALL) / CHARACTER);
      const wide = name.length * CHARACTER + about.length * SMALL + 20;
      made.push(
        link(
          handler,
          rect("chip", middle - wide / 2, turn - 12, wide, 24),
          text("", middle, turn + 4, "middle", part("name", name), part("mut", about)),
        ),
      );
    }
    if (ran === null || instead !== null)
      return [...made, text("mut", middle, top + 26, "middle", instead ?? "")];
    const begin = left + 16;
    const scale = (right - left - 32) / ran.took;
    const lane = (kind: string, y: number, all: readonly Bar[]): SVGElement[] =>
      all.map(([from, to]) =>
        rect(kind, begin + (from - ran.begin) * scale, top + y, Math.max(1.5, (to - from) * scale), 9),
      );
    const about =
      ran.outcome === "raised" && told.error !== null
        ? told.error[0]
        : `${time(ran.took)} · ${Math.round((ran.took / elapsed) * 100)}%${statements(ran)}`;
    const name = fit(ran.name, (right - left - 44 - about.length * SMALL) / 7.5);
    return [
      ...made,
      link(ran, text("", begin, top + 22, "start", part("name big", name), part("mut", `  ${about}`))),
      ...lane("sql", 36, told.bars.sql),
      ...lane("tpl", 49, told.bars.template),
    ];
  }

  function hook(row: Placed): SVGElement {
    const { name, took, outcome, y, inward, alone } = row;
    const hot = took * 10 > elapsed;
    const about = width < NARROW && !hot ? "" : time(took) + statements(row);
    const room = (right - left) / (alone ? 1 : 2) - 24 - about.length * SMALL;
    const parts = [part("name", fit(name, room / CHARACTER)), part(hot ? "hot" : "mut", `  ${about}  `)];
    const words = inward
      ? text("", left + 13, y + 4, "start", ...parts)
      : text("", right - 13, y + 4, "end", ...parts.reverse());
    const dot = svg("circle", {
      class: outcome === "raised" ? "err" : outcome === "short_circuit" ? "short" : inward ? "in" : "out",
      cx: inward ? left : right,
      cy: y,
      r: 5,
    });
    return link(row, dot, words);
  }

  function link({ step }: Ran, ...children: readonly SVGElement[]): SVGElement {
    return step === null
      ? svg("g", {}, ...children)
      : svg("a", { href: `${address}/${step}`, target: "_blank", rel: "noopener" }, ...children);
  }
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
