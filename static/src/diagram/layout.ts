/** From the journey and the space there is to shapes: pure data, no DOM. */

import type { Json, Stage, Step } from "../types";
import { size, time } from "../format";
import { label, stateOf, type Chip, type Journey, type Ribbon, type State } from "./model";

export interface TextPart {
  readonly text: string;
  readonly cls: string;
  readonly dx?: number;
}

export type Shape =
  | { readonly el: "rect"; readonly x: number; readonly y: number; readonly w: number; readonly h: number; readonly rx: number; readonly cls: string }
  | { readonly el: "circle"; readonly cx: number; readonly cy: number; readonly r: number; readonly cls: string }
  | { readonly el: "path"; readonly d: string; readonly cls: string; readonly title?: string }
  | { readonly el: "text"; readonly x: number; readonly y: number; readonly anchor: "start" | "middle" | "end"; readonly parts: readonly TextPart[] }
  | { readonly el: "node"; readonly key: string; readonly step: number | null; readonly stage: Stage; readonly state: State; readonly label: string; readonly current: boolean; readonly shapes: readonly Shape[] };

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

export type Measure = (text: string, font: string) => number;

const SANS = "ui-sans-serif, system-ui, sans-serif";
const MONO = "ui-monospace, monospace";
const FONT = {
  kind: `12px ${SANS}`,
  name: `600 13.5px ${MONO}`,
  ghost: `400 13.5px ${MONO}`,
  pill: `650 11.5px ${SANS}`,
  bubble: `650 13px ${SANS}`,
  segment: `600 12px ${MONO}`,
  band: `700 12.5px ${SANS}`,
  sub: `12px ${MONO}`,
};
const GUTTER = 112;
const INSET = 8;
const PAD = { top: 8, bottom: 7, rows: 4 };
const HEAD = 56;
const LONGEST_NAME = 42;
const PILLS_SHOWN = 2;
const CHANGES_LONGEST = 24;

interface Point {
  readonly x: number;
  readonly y: number;
  readonly left: number;
  readonly right: number;
}

interface Axis {
  readonly y: number;
  readonly begin: number;
  readonly end: number;
  readonly top: number;
  readonly height: number;
  readonly left: number;
}

const line = (d: string, cls: string): Shape => ({ el: "path", d, cls });
const words = (x: number, y: number, anchor: "start" | "middle" | "end", ...parts: TextPart[]): Shape => ({ el: "text", x, y, anchor, parts });

/** Shorten in the middle, where names differ least. */
export function ellipsize(name: string, longest = LONGEST_NAME): string {
  if (name.length <= longest) return name;
  const half = Math.floor((longest - 1) / 2);
  return `${name.slice(0, half)}…${name.slice(-half)}`;
}

/** What a function changed, in few words. */
export function changed(changes: Json | undefined): string {
  if (!isObject(changes)) return "";
  const names = (part: Json | undefined): string[] =>
    isObject(part) ? Object.values(part).flatMap((each) => (Array.isArray(each) ? each.map(String) : isObject(each) ? Object.keys(each) : [])) : [];
  const { g, session, response } = changes;
  const of = isObject(response) ? response : {};
  const all = [
    ...names(g).map((name) => `g.${name}`),
    ...names(session).map((name) => `session.${name}`),
    ...(of["status"] === undefined ? [] : ["status"]),
    ...names(of["headers"]),
    ...names(of["cookies"]).map((name) => `cookie ${name}`),
  ];
  // As many names as there is surely room for between the chips of both sides.
  const fits = all.findIndex((_, index) => index > 0 && all.slice(0, index + 1).join(", ").length > CHANGES_LONGEST);
  const shown = all.slice(0, fits < 0 ? all.length : fits);
  const more = all.length > shown.length ? ` +${(all.length - shown.length).toString()}` : "";
  return all.length === 0 ? "" : `± ${shown.map((name) => ellipsize(name, CHANGES_LONGEST)).join(", ")}${more}`;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Draw a journey; `final` is what it comes to, where that is known, so that nothing moves on the way. */
export function draw(j: Journey, width: number, height: number, selected: number | null, measure: Measure, final: Journey = j): Drawing {
  const aspect = Math.max(0.6, width / Math.max(1, height));
  const levels = j.bands.length;
  const viewHeight = final.view.step === null ? 44 : final.view.segments.length === 0 && final.view.error === null ? 66 : 128;
  const bodyHeight = final.body === null ? 0 : 172;
  const running = j.trace.state === "running";
  const gapToView = final.propagated !== null || final.view.error !== null || final.handlers.some((chip) => chip.pills.length > 0) ? 34 : 10;
  const rows = j.bands.reduce((sum, band) => sum + Math.max(band.left.length, band.right.length, 0), 0) + 1;
  const fixed = HEAD + bodyHeight + levels * (PAD.top + PAD.bottom + PAD.rows) + gapToView + viewHeight + 16;
  const pitch = Math.max(30, Math.min(41, (1120 / aspect - fixed) / rows));
  const chipHeight = Math.min(28, pitch - 4.5);
  const chipWidth = (chip: Chip): number => 27 + measure(chip.kind, FONT.kind) + measure(ellipsize(chip.name), FONT.name);
  let H = fixed + rows * pitch;
  const W = Math.max(1120, Math.min(1560, H * aspect));
  const XL = GUTTER + levels * INSET + 24;
  const XR = W - XL;
  const CX = W / 2;
  const X0 = GUTTER;
  const X1 = W - GUTTER;
  const handlersWide = final.handlers.reduce((sum, chip) => sum + chipWidth(chip) + 60, 0);
  const ownRow = final.handlers.length > 0 && XR - XL - chipWidth(final.dispatch) - chipWidth(final.response) < handlersWide + 34;
  const handlerRow = ownRow ? pitch + 6 : 0;
  H += handlerRow;

  const back: Shape[] = [];
  const pipes: Shape[] = [];
  const wires: Shape[] = [];
  const labels: Shape[] = [];
  const nodes: Shape[] = [];
  const front: Shape[] = [];
  const at = new Map<string, Point>();
  const bars: { side: "left" | "right"; y: number; ns: number }[] = [];
  const isCurrent = (step: Step | null): boolean => step !== null && step.id === selected;

  function place(chip: Chip, side: "left" | "right" | "center", cy: number, from = 0): void {
    const ghost = chip.state === "pending" || chip.state === "skipped";
    const current = isCurrent(chip.step) || (selected === null && running && chip.state === "running" && chip.stage !== "wsgi" && chip.stage !== "middleware" && chip.stage !== "dispatch");
    const name = ellipsize(chip.name);
    const kindWidth = measure(chip.kind, FONT.kind);
    const w = 27 + kindWidth + measure(name, ghost ? FONT.ghost : FONT.name);
    const x = side === "left" ? XL + 17 : side === "right" ? XR - 17 - w : from;
    const tone = ghost ? "ghost" : current ? "cur" : chip.state === "raised" ? "err" : chip.state === "short_circuit" ? "short" : chip.stage === "error_handler" ? "eh" : "";
    const shapes: Shape[] = [
      { el: "rect", x, y: cy - chipHeight / 2, w, h: chipHeight, rx: 7, cls: `chip ${tone}` },
      words(x + 10, cy + 4.5, "start", { text: chip.kind, cls: "k" }, { text: name, cls: "f", dx: 7 }),
    ];
    let edge = side === "center" ? x + 10 : x + w + 8;
    const pillY = side === "center" ? cy + chipHeight / 2 + 13 : cy;
    const pills = ghost ? [] : chip.pills.slice(0, PILLS_SHOWN).map((step) => ({ step, text: `${step.stage === "sql" ? "SQL" : "template"} ${time((step.end ?? step.begin) - step.begin)}` }));
    const pillNodes: Shape[] = [];
    for (const pill of pills) {
      const pw = measure(pill.text, FONT.pill) + 14;
      const cls = pill.step.stage === "sql" ? "sql" : "tpl";
      pillNodes.push(node(pill.step, `${pill.step.stage} ${pill.step.name}`, [
        { el: "rect", x: edge, y: pillY - 9.5, w: pw, h: 19, rx: 9.5, cls: `pill ${cls}` },
        words(edge + 7, pillY + 4.2, "start", { text: pill.text, cls: `pt ${cls}` }),
      ]));
      edge += pw + 6;
    }
    if (!ghost && chip.pills.length > PILLS_SHOWN) {
      const more = `+${(chip.pills.length - PILLS_SHOWN).toString()}`;
      pillNodes.push(words(edge + 2, pillY + 4.2, "start", { text: more, cls: "k" }));
      edge += measure(more, FONT.pill) + 8;
    }
    const changes = ghost ? "" : changed(chip.step?.detail["changes"]);
    if (changes !== "") {
      // On the right there is room only before the chip.
      const width = measure(changes, FONT.pill);
      pillNodes.push(words(side === "right" ? x - 8 - width : edge + 2, pillY + 4.2, "start", { text: changes, cls: "changed" }));
      if (side !== "right") edge += width + 8;
    }
    const wireX = side === "left" ? XL : side === "right" ? XR : x + w / 2;
    at.set(chip.key, { x: wireX, y: cy, left: x, right: side === "center" ? x + w : Math.max(x + w, edge - 6) });
    if (side !== "center") {
      if (current) shapes.push({ el: "circle", cx: wireX, cy, r: 20, cls: "halo" });
      shapes.push({ el: "circle", cx: wireX, cy, r: 6.5, cls: `dot ${ghost ? "ghost" : chip.state === "raised" ? "err" : chip.state === "short_circuit" ? "short" : side === "left" ? "in" : "out"}` });
      if (current) shapes.push({ el: "circle", cx: wireX, cy, r: 11, cls: "ring" });
      if (chip.state === "skipped") shapes.push(words(side === "left" ? X0 - 10 : X1 + 10, cy + 4.5, side === "left" ? "end" : "start", { text: "skipped", cls: "skip" }));
      else if (!ghost && chip.own !== null) bars.push({ side, y: cy, ns: chip.own });
      if (chip.signal !== null) {
        const sy = side === "right" && chip.kind.includes("pop") ? cy - pitch / 2 - 4 : cy + pitch / 2;
        front.push(node(chip.signal, `signal ${chip.signal.name}`, [{ el: "path", d: `M${n(wireX)} ${n(sy - 5)}l5 5l-5 5l-5-5z`, cls: "sig", title: `signal ${chip.signal.name}` }]));
      }
    }
    nodes.push({ el: "node", key: chip.key, step: chip.step?.id ?? null, stage: chip.stage, state: chip.state, label: label(chip), current, shapes }, ...pillNodes);
  }

  function node(step: Step, text: string, shapes: Shape[]): Shape {
    return { el: "node", key: `step:${step.id.toString()}`, step: step.id, stage: step.stage, state: stateOf(step), label: text, current: isCurrent(step), shapes };
  }

  // Bands and their chips
  let y = HEAD + bodyHeight;
  const tops: number[] = [];
  for (const band of j.bands) {
    tops.push(y);
    y += PAD.top;
    band.left.forEach((chip, row) => { place(chip, "left", y + row * pitch + pitch / 2); });
    band.right.forEach((chip, row) => { place(chip, "right", y + row * pitch + pitch / 2); });
    y += Math.max(band.left.length, band.right.length) * pitch + PAD.rows;
  }
  const turnY = y + 4 + pitch / 2;
  const viewY = turnY + pitch / 2 + gapToView + handlerRow;
  let bottom = viewY + viewHeight + 2;
  [...j.bands].reverse().forEach((_, index) => {
    bottom += PAD.bottom;
    const level = levels - 1 - index;
    const band = j.bands[level];
    const top = tops[level];
    if (band === undefined || top === undefined) return;
    const inset = level * INSET;
    const hue = band.hue === 0 ? "" : `bp${(((band.hue - 1) % 4) + 1).toString()}`;
    back.unshift({ el: "rect", x: X0 + inset, y: top, w: W - 2 * (X0 + inset), h: bottom - top, rx: Math.max(6, 18 - level), cls: `band ${hue}` });
    const shown = ellipsize(band.label, 60);
    const wide = measure(shown, FONT.band) + (band.sub === "" ? 0 : 10 + measure(band.sub, FONT.sub)) + 22;
    labels.push(
      { el: "rect", x: CX - wide / 2, y: top - 9, w: wide, h: 18, rx: 9, cls: "lg" },
      words(CX, top + 4.5, "middle", { text: shown, cls: `lbl ${hue}` }, ...(band.sub === "" ? [] : [{ text: band.sub, cls: "sub", dx: 10 }])),
    );
  });

  // The turn
  place(j.dispatch, "left", turnY);
  place(j.response, "right", turnY);
  const dispatchAt = at.get("dispatch");
  const responseAt = at.get("make_response");
  if (j.handlers.length > 0 && dispatchAt && responseAt) {
    const spare = ownRow ? XR - 130 - XL : responseAt.left - dispatchAt.right;
    const total = j.handlers.reduce((sum, chip) => sum + chipWidth(chip), 0) + 40 * (j.handlers.length - 1);
    let x = (ownRow ? XL : dispatchAt.right) + Math.max(12, (spare - total) / 2);
    for (const chip of j.handlers) {
      place(chip, "center", turnY + handlerRow, x);
      x += chipWidth(chip) + 40;
    }
  }

  const viewAxis = ribbon(j.view, viewY, viewHeight);
  const bodyAxis = j.body === null ? null : ribbon(j.body, HEAD - 8, bodyHeight - 44);

  function ribbon(r: Ribbon, top: number, tall: number): Axis {
    const isBody = r.key === "body";
    const left = isBody ? XL + 22 : X0 + levels * INSET + 4;
    const right = isBody ? X1 : W - left;
    const begin = isBody ? left + 62 : XL + 54;
    const end = isBody ? XR - 54 : XR - 40;
    const axisY = top + tall - (tall < 90 ? 24 : 32);
    const failed = r.error !== null;
    const stop = failed ? begin + (end - begin) * 0.7 : end;
    const span = Math.max(1, r.duration);
    const sx = (ns: number): number => begin + ((stop - begin - (failed ? 18 : 0)) * Math.min(span, Math.max(0, ns - r.begin))) / span;
    const ghost = r.step === null;
    // Behind the wire, which runs through it as its axis.
    back.push({ el: "rect", x: left, y: top, w: right - left, h: tall, rx: 12, cls: `vbox ${ghost ? "ghost" : failed ? "err" : isBody ? "body" : ""}` });
    // What takes the clicks lies above the wire.
    const shapes: Shape[] = [{ el: "rect", x: left, y: top, w: right - left, h: tall, rx: 12, cls: "hit" }];
    const stage: Stage = isBody ? "body" : "view";
    if (r.step === null) {
      shapes.push(words(CX, top + tall / 2 + 5, "middle", { text: ellipsize(r.state === "pending" ? r.name : r.note, 90), cls: "note b" }));
      nodes.push({ el: "node", key: r.key, step: null, stage, state: r.state, label: r.state === "pending" ? `view ${r.name}: pending` : r.note, current: false, shapes });
      return { y: axisY, begin, end: stop, top, height: tall, left };
    }
    const share = j.total > 0 ? (r.duration / j.total) * 100 : 0;
    shapes.push(words(begin, top + 27, "start",
      { text: isBody ? "body" : "view", cls: "k" }, { text: ellipsize(r.name, 60), cls: "vt", dx: 9 }, { text: time(r.duration), cls: "vd", dx: 16 },
      { text: r.state === "running" ? "running" : r.note !== "" ? "" : `${share < 1 ? "<1" : Math.round(share).toString()}% of the request`, cls: "k", dx: 9 }));
    if (r.note !== "" && !failed) shapes.push(words(XR - 16, top + 27, "end", { text: r.note, cls: "tl out" }));
    const inner: Shape[] = [];
    const lanes: [string, number, readonly Step[]][] = [["sql", top + 40, r.segments.filter((step) => step.stage === "sql")], ["tpl", top + 66, r.segments.filter((step) => step.stage === "template")]];
    for (const [cls, laneY, steps] of lanes) {
      if (steps.length === 0 || (isBody && cls === "tpl")) continue;
      shapes.push(words(begin - 9, laneY + 15.5, "end", { text: cls === "sql" ? "SQL" : "tmpl", cls: `lane ${cls}` }));
      let drawnTo = -1;
      for (const step of steps) {
        const x = sx(step.begin);
        const w = Math.max(3, sx(step.end ?? r.begin + span) - x - 2);
        if (w <= 3 && x < drawnTo) continue; // denser than pixels: the bar before stands for it
        drawnTo = Math.max(drawnTo, x + w);
        const drawn: Shape[] = [{ el: "rect", x, y: laneY, w, h: 22, rx: 4, cls: `seg ${cls}` }];
        const caption = captions(step).find((each) => measure(each, FONT.segment) < w - 12);
        if (caption !== undefined) drawn.push(words(x + 7, laneY + 16, "start", { text: caption, cls: "sl" }));
        inner.push(node(step, `${step.stage} ${step.name}, ${time((step.end ?? step.begin) - step.begin)}`, drawn));
      }
    }
    if (isBody && r.chunks.length > 0) {
      shapes.push(words(begin - 9, top + 81.5, "end", { text: "sent", cls: "lane chunk" }));
      let drawnTo = -1;
      for (const chunk of r.chunks) {
        const x = sx(chunk.at);
        if (x - 29 < drawnTo) {
          if (x - 2 > drawnTo) shapes.push({ el: "rect", x: x - 2, y: top + 67, w: 4, h: 20, rx: 2, cls: "seg chunk" });
          continue;
        }
        drawnTo = x + 29;
        shapes.push({ el: "rect", x: x - 29, y: top + 67, w: 58, h: 20, rx: 10, cls: "seg chunk" }, words(x, top + 81.5, "middle", { text: size(chunk.size).replace(".0", ""), cls: "sl" }));
      }
    }
    // A low box has no room for them below the axis.
    if (span > 400_000 && tall >= 100) {
      const step = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000].map((ms) => ms * 1e6).find((each) => span / each <= 8) ?? span;
      for (let t = 0; t <= span; t += step) shapes.push(words(sx(r.begin + t), axisY + 22, "middle", { text: t === 0 ? "0" : step >= 1e9 ? `${(t / 1e9).toString()} s` : `${(t / 1e6).toString()} ms`, cls: "tick" }));
    }
    const middle = (begin + stop) / 2;
    front.push(line(`M${n(middle - 3)} ${n(axisY - 4)}l4 4l-4 4`, "chev"));
    if (failed) {
      shapes.push({ el: "rect", x: stop + 14, y: top + 40, w: Math.max(0, end - stop - 14), h: 48, rx: 6, cls: "hatch" }, words((stop + 14 + end) / 2, top + 69, "middle", { text: "not reached", cls: "note halo2" }));
      front.push({ el: "circle", cx: stop, cy: axisY, r: 11, cls: "dot err" }, line(`M${n(stop - 4)} ${n(axisY - 4)}l8 8m0-8l-8 8`, "x"), words(XR - 16, top + 27, "end", { text: ellipsize(r.error ?? "", 40), cls: "tag err halo2" }));
    }
    if (r.state === "running" || isCurrent(r.step)) {
      const x = r.state === "running" ? stop : middle;
      front.push({ el: "circle", cx: x, cy: axisY, r: 20, cls: "halo" }, { el: "circle", cx: x, cy: axisY, r: 11, cls: "ring" });
    }
    nodes.push({ el: "node", key: r.key, step: r.step.id, stage, state: r.state, label: `${stage} ${r.name}: ${r.state}, ${time(r.duration)}`, current: isCurrent(r.step), shapes }, ...inner);
    return { y: axisY, begin, end: stop, top, height: tall, left };
  }

  // Pipes: the map
  const R = 18;
  const axis = viewAxis.y;
  const topY = j.body === null ? HEAD - 8 : HEAD - 10;
  const sendY = at.get("send")?.y ?? topY;
  const finished = !running && j.propagated === null;
  if (j.view.step !== null || j.view.state === "pending")
    pipes.push(line(`M${n(XL)} ${n(topY)}V${n(axis - R)}Q${n(XL)} ${n(axis)} ${n(XL + R)} ${n(axis)}H${n(XR - R)}Q${n(XR)} ${n(axis)} ${n(XR)} ${n(axis - R)}V${n(j.body === null ? topY : sendY)}`, "pipe"));
  else pipes.push(line(`M${n(XL)} ${n(topY)}V${n(turnY)}`, "pipe"), line(`M${n(XR)} ${n(turnY)}V${n(j.body === null ? topY : sendY)}`, "pipe"));

  // Wires: the journey
  const wire = (d: string, cls: string): void => { wires.push(line(d, `w ${cls}`)); };
  const first = at.get(j.order[0] ?? "");
  if (first) wire(`M${n(XL)} ${n(topY - 4)}V${n(first.y)}`, "in");
  const where = (key: string): Point | null => at.get(key) ?? null;
  for (let index = 1; index < j.order.length; index++) {
    const a = j.order[index - 1] ?? "";
    const b = j.order[index] ?? "";
    const A = where(a);
    const B = where(b);
    const bHandler = b.startsWith("handler:");
    if (b === "view" && A) {
      const to = j.view.state === "running" ? viewAxis.end : j.view.error === null ? XR - R : viewAxis.end;
      wire(`M${n(XL)} ${n(A.y)}V${n(axis - R)}Q${n(XL)} ${n(axis)} ${n(XL + R)} ${n(axis)}H${n(to)}`, "in");
    } else if (a === "view" && bHandler && B) {
      const e = viewAxis.end;
      const t = B.x;
      const yy = viewY - gapToView / 2 - 1;
      const q = Math.min(12, Math.abs(e - t) / 2);
      const s = Math.sign(e - t) || 1;
      wire(`M${n(e)} ${n(axis)}V${n(yy + q)}Q${n(e)} ${n(yy)} ${n(e - q * s)} ${n(yy)}H${n(t + q * s)}Q${n(t)} ${n(yy)} ${n(t)} ${n(yy - q)}V${n(B.y + chipHeight / 2 + 3)}`, "err");
    } else if (a === "view" && B && B.x === XR) {
      if (j.view.error === null) wire(`M${n(XR - R)} ${n(axis)}Q${n(XR)} ${n(axis)} ${n(XR)} ${n(axis - R)}V${n(B.y)}`, "out");
      else {
        // Nothing answered the exception before this: it climbs as it is.
        const e = viewAxis.end;
        wire(`M${n(e)} ${n(axis)}H${n(XR - R)}Q${n(XR)} ${n(axis)} ${n(XR)} ${n(axis - R)}V${n(B.y)}`, "err");
      }
    } else if (bHandler && A && B) {
      if (A.y === B.y) {
        wire(`M${n(A.right + 3)} ${n(A.y)}H${n(B.left - 7)}`, "err");
        front.push(line(`M${n(B.left - 12)} ${n(A.y - 6)}l9 6l-9 6z`, "mk err"));
      } else wire(`M${n(A.x)} ${n(A.y)}V${n(B.y - 12)}Q${n(A.x)} ${n(B.y)} ${n(A.x + 12)} ${n(B.y)}H${n(B.left - 7)}`, "err");
    } else if (a.startsWith("handler:") && A && B) {
      if (ownRow) {
        const x = B.left + 40;
        const t = B.y + chipHeight / 2;
        wire(`M${n(A.right + 4)} ${n(A.y)}H${n(x - 12)}Q${n(x)} ${n(A.y)} ${n(x)} ${n(A.y - 12)}V${n(t + 9)}`, "out");
        front.push(line(`M${n(x - 6)} ${n(t + 12)}l6-9l6 9z`, "mk out"));
      } else {
        wire(`M${n(A.right + 4)} ${n(A.y)}H${n(B.left - 7)}`, "out");
        front.push(line(`M${n(B.left - 12)} ${n(A.y - 6)}l9 6l-9 6z`, "mk out"));
      }
    } else if (b === "make_response" && A && B && A.x === XL) {
      const cls = j.short !== null ? "short" : "out";
      const x0 = A.right + 5;
      const x1 = B.left - 7;
      const mx = (x0 + x1) / 2;
      wire(`M${n(x0)} ${n(A.y)}C${n(mx + 60)} ${n(A.y)} ${n(mx - 60)} ${n(B.y)} ${n(x1)} ${n(B.y)}`, cls);
      front.push(line(`M${n(x1 - 5)} ${n(B.y - 6)}l9 6l-9 6z`, `mk ${cls}`));
    } else if (b === "body" && bodyAxis && A) {
      const u = bodyAxis.top + bodyAxis.height + 15;
      const l = bodyAxis.left + 24;
      const q = 14;
      wire(`M${n(XR)} ${n(A.y)}V${n(u + q)}Q${n(XR)} ${n(u)} ${n(XR - q)} ${n(u)}H${n(l + q)}Q${n(l)} ${n(u)} ${n(l)} ${n(u - q)}V${n(bodyAxis.y + q)}Q${n(l)} ${n(bodyAxis.y)} ${n(l + q)} ${n(bodyAxis.y)}H${n(running ? bodyAxis.end : XR - q)}${running ? "" : `Q${n(XR)} ${n(bodyAxis.y)} ${n(XR)} ${n(bodyAxis.y - q)}V${n(HEAD - 6)}`}`, "out");
    } else if (A && B && A.x === B.x) wire(`M${n(A.x)} ${n(A.y)}V${n(B.y)}`, A.x === XL ? "in" : j.propagated === null ? "out" : "err");
    else if (A && B && A.x === XL && B.x === XR) {
      // Straight to the way out: an exception on the way in.
      const mx = (A.right + B.left) / 2;
      wire(`M${n(A.right + 5)} ${n(A.y)}C${n(mx + 60)} ${n(A.y)} ${n(mx - 60)} ${n(B.y)} ${n(B.left - 7)} ${n(B.y)}`, "err");
    }
  }

  if (j.waiting !== null) {
    const a = where("url_match");
    const b = where("dispatch");
    if (a && b) {
      const hooks = j.bands.filter((band) => band.key.startsWith("hooks:")).flatMap((band) => band.left.map((chip) => at.get(chip.key)?.right ?? 0));
      const x = Math.max(a.right, b.right - 30, ...hooks) + 20;
      const yy = b.y - chipHeight / 2 - 9;
      wire(`M${n(a.right + 5)} ${n(a.y)}H${n(x - 9)}Q${n(x)} ${n(a.y)} ${n(x)} ${n(a.y + 9)}V${n(yy - 9)}Q${n(x)} ${n(yy)} ${n(x - 9)} ${n(yy)}H${n(b.right - 30)}`, "defer");
      front.push(line(`M${n(b.right - 40)} ${n(yy - 1)}l10 0l-5 8z`, "mk err"), words(x + 10, a.y + 5, "start", { text: `${j.waiting} waits until dispatch`, cls: "tag err" }));
    }
  }
  if (finished && j.body === null) wire(`M${n(XR)} ${n(sendY)}V${n(topY)}`, "out");

  if (!running && j.propagated !== null) {
    const last = where(j.order.at(-1) ?? "");
    if (last?.x === XR) wire(`M${n(XR)} ${n(last.y)}V${n(topY)}`, "err");
    front.push(line(`M${n(XR - 8)} ${n(topY + 1)}h16l-8-11z`, "mk err"));
  }

  // Head
  const code = j.trace.status ?? 0;
  front.push(
    words(X0, 28, "start", { text: ellipsize(`${j.trace.method} ${j.trace.path}${j.trace.query === "" ? "" : `?${j.trace.query}`}`, 38), cls: "big" }),
    words(X1, 28, "end", { text: running ? "…" : j.status, cls: `big s${Math.floor(code / 100).toString()}` }, { text: running ? `in flight ${time(j.total)}` : `${time(j.total)}${j.bytes === null ? "" : `, ${size(j.bytes)}`}`, cls: "bigs", dx: 14 }),
    line(`M${n(XL - 7)} ${n(topY - 4)}h14l-7 10z`, "mk in"),
  );
  if (finished) front.push(line(`M${n(XR - 8)} ${n(j.body === null ? topY + 1 : HEAD - 6)}h16l-8-11z`, "mk out"));
  if (j.propagated !== null) front.push(words(XR - 14, viewY - 12, "end", { text: `${ellipsize(j.propagated, 40)} goes on to the server`, cls: "tag err" }));

  if (j.short !== null) {
    const a = where(j.short.key);
    const b = where("make_response");
    if (a && b) {
      const returned = j.short.step?.detail["returned"];
      const said = `returned ${typeof returned === "string" ? returned.replace(/^Response /, "") : "a response"}: view skipped`;
      const w = measure(said, FONT.bubble) + 24;
      const cy = (a.y + b.y) / 2;
      const beside = [...at.values()].filter((point) => Math.abs(point.y - cy) < pitch / 2 + 8);
      const from = Math.max(XL, ...beside.filter((point) => point.x === XL).map((point) => point.right));
      const to = Math.min(XR, ...beside.filter((point) => point.x === XR).map((point) => point.left));
      const cx = (from + to) / 2;
      front.push({ el: "rect", x: cx - w / 2, y: cy - 13, w, h: 26, rx: 13, cls: "bubble short" }, words(cx, cy + 4.5, "middle", { text: said, cls: "bt short" }));
    }
  }

  // Butterfly gutters
  const most = Math.max(1, ...bars.map((bar) => bar.ns));
  for (const bar of bars) {
    const w = Math.max(1.5, (bar.ns / most) * 46);
    const share = j.total > 0 ? bar.ns / j.total : 0;
    const heat = share > 0.25 ? "hot" : share > 0.03 ? "warm" : "";
    const left = bar.side === "left";
    const edge = left ? X0 - 8 : X1 + 8;
    nodes.push(
      { el: "rect", x: left ? edge - w : edge, y: bar.y - 6, w, h: 12, rx: 2, cls: `bar ${heat}` },
      words(left ? edge - w - 6 : edge + w + 6, bar.y + 4, left ? "end" : "start", { text: time(bar.ns), cls: `bd ${heat}` }),
    );
  }
  const gutterY = (tops[0] ?? HEAD) + 1;
  front.push(
    words(X0 - 10, gutterY, "end", { text: "step time", cls: "gh" }),
    words(X1 + 10, gutterY, "start", { text: "step time", cls: "gh" }),
    line(`M${n(CX - 62)} 18l5 5l-5 5l-5-5z`, "sig"),
    words(CX - 51, 27.5, "start", { text: "signal", cls: "keyt" }),
    { el: "rect", x: CX - 2, y: 16, w: 20, h: 14, rx: 4, cls: "chip ghost" },
    words(CX + 24, 27.5, "start", { text: "not run", cls: "keyt" }),
  );

  return { width: W, height: H, shapes: [...back, ...pipes, ...wires, ...labels, ...nodes, ...front] };
}

function captions(step: Step): string[] {
  const spent = time((step.end ?? step.begin) - step.begin);
  const full = step.name.replace(/^SELECT .*? FROM/, "SELECT … FROM");
  const table = full.replace(/.*FROM (\w+).*/, "$1");
  return [`${full}  ${spent}`, `${full.replace(/ WHERE.*| LIMIT.*/, "")}  ${spent}`, `${table}  ${spent}`, spent];
}

function n(value: number): string {
  return (Math.round(value * 10) / 10).toString();
}
