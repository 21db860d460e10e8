/** A replay as one SVG file that plays by itself: CSS animations, no script, nothing fetched. */

import { classOf, type Shape } from "./layout/shapes";
import type { Drawing } from "./layout/sheet";

/** One picture of a film, and how long it is shown. */
export interface Frame {
  readonly drawing: Drawing;
  /** The caption, in lines. */
  readonly lines: readonly string[];
  /** Such as "8 / 31". */
  readonly counter: string;
  /** How much of the request is over. */
  readonly share: number;
  readonly ms: number;
}

export interface Film {
  readonly title: string;
  readonly frames: readonly Frame[];
  /** The style sheets of the diagram, with the values of one theme. */
  readonly css: string;
}

const FOOT = { height: 84, margin: 28, text: 74, line: 25, bar: 5 };
const STYLE = `
.cap{font-size:19px;fill:var(--ink)}
.cnt{font:600 15px ui-monospace,monospace;fill:var(--mut)}
.ground{fill:var(--bg)}.foot{fill:var(--card)}.run{fill:var(--in)}`;

/** The whole film as the text of an SVG file. */
export function filmOf(film: Film): string {
  const size = sizeOf(film);
  const total = film.frames.reduce((sum, { ms }) => sum + ms, 0);
  const [shared, timed] = elementsOf(film, size);
  const classes = new Map<string, string>();
  const shown = timed.map(([text, frames]) => {
    const key = frames.join(" ");
    if (!classes.has(key)) classes.set(key, `t${classes.size}`);
    return `<g class="${classes.get(key)}">${text}</g>`;
  });
  const rules = [...classes].map(([key, name]) => rulesOf(name, key.split(" ").map(Number), film, total));
  const moving = rules.map((rule) => rule.moving).join("");
  const moves = `@media (prefers-reduced-motion:no-preference){${moving}}`;
  const style = `${film.css}${STYLE}${rules.map(({ still }) => still).join("")}${moves}`;
  return picture(film, size, style, `${shared.join("")}${shown.join("")}`);
}

/** One of its frames as a picture that stands still. */
export function stillOf(film: Film, frame: Frame): string {
  const size = sizeOf(film);
  return picture(film, size, `${film.css}${STYLE}*{animation:none!important}`, partsOf(frame, size).join(""));
}

interface Size {
  readonly width: number;
  readonly height: number;
}

export function sizeOf({ frames }: Film): Size {
  const most = (lengths: readonly number[]): number => Math.ceil(Math.max(0, ...lengths));
  return {
    width: most(frames.map(({ drawing }) => drawing.width)),
    height: most(frames.map(({ drawing }) => drawing.height)) + FOOT.height,
  };
}

function picture({ title }: Film, { width, height }: Size, style: string, content: string): string {
  const foot = height - FOOT.height;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="diagram" width="${width}" height="${height}"` +
    ` viewBox="0 0 ${width} ${height}" role="img"><title>${escaped(title)}</title><style>${style}</style>` +
    '<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse"' +
    ' patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="8" class="hl"/></pattern></defs>' +
    `<rect class="ground" width="${width}" height="${height}"/>` +
    `<rect class="foot" y="${foot}" width="${width}" height="${FOOT.height}"/>${content}</svg>`
  );
}

/** What is the same in all frames, and what is in some of them: the texts of elements, and their frames. */
function elementsOf(
  { frames }: Film,
  size: Size,
): readonly [shared: readonly string[], timed: readonly (readonly [string, readonly number[]])[]] {
  const found = new Map<string, number[]>();
  for (const [index, frame] of frames.entries())
    for (const text of new Set(partsOf(frame, size))) {
      const known = found.get(text);
      if (known === undefined) found.set(text, [index]);
      else known.push(index);
    }
  const ordered = inDrawingOrder(frames.map((frame) => partsOf(frame, size)));
  const all = ordered.map((text) => [text, found.get(text) ?? []] as const);
  // What lies below something that changes has to stay below it, so only what leads all is shared.
  const first = all.findIndex(([, shownIn]) => shownIn.length < frames.length);
  const until = first < 0 ? all.length : first;
  return [all.slice(0, until).map(([text]) => text), all.slice(until)];
}

/** All elements once, each after those that it follows in the frames, where it can be. */
function inDrawingOrder(frames: readonly (readonly string[])[]): readonly string[] {
  const placed: string[] = [];
  const known = new Set<string>();
  for (const frame of frames) {
    let after = 0;
    for (const text of frame) {
      if (known.has(text)) {
        after = Math.max(after, placed.indexOf(text) + 1);
        continue;
      }
      placed.splice(after, 0, text);
      known.add(text);
      after += 1;
    }
  }
  return placed;
}

/** A class that is visible in some frames; without motion, if it is in the last one. */
function rulesOf(
  name: string,
  frames: readonly number[],
  { frames: all }: Film,
  total: number,
): { readonly still: string; readonly moving: string } {
  const isLast = frames.includes(all.length - 1);
  const shown = new Set(frames);
  let at = 0;
  let before: boolean | null = null;
  let keys = "";
  for (const [index, { ms }] of all.entries()) {
    const now = shown.has(index);
    if (now !== before) keys += `${percent(at / total)}{visibility:${now ? "visible" : "hidden"}}`;
    before = now;
    at += ms;
  }
  if (frames.length === all.length) return { still: "", moving: "" };
  return {
    still: isLast ? "" : `.${name}{visibility:hidden}`,
    moving: `@keyframes ${name}{${keys}}.${name}{animation:${name} ${Math.round(total)}ms step-end infinite}`,
  };
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))}%`;
}

function partsOf({ drawing, lines, counter, share }: Frame, { width, height }: Size): string[] {
  const foot = height - FOOT.height;
  const middle = foot + FOOT.height / 2 + 6;
  const from = middle - ((lines.length - 1) * FOOT.line) / 2;
  return [
    ...drawing.shapes.map(elementOf),
    `<rect class="run" y="${foot}" width="${round(width * share)}" height="${FOOT.bar}"/>`,
    `<text class="cnt" x="${FOOT.margin}" y="${middle}">${escaped(counter)}</text>`,
    ...lines.map(
      (text, index) =>
        `<text class="cap" x="${FOOT.margin + FOOT.text}" y="${from + index * FOOT.line}">` +
        `${escaped(text)}</text>`,
    ),
  ];
}

/** The room of a caption's line, px. */
export function captionWidth({ width }: Size): number {
  return width - FOOT.text - 2 * FOOT.margin;
}

function elementOf(shape: Shape): string {
  switch (shape.el) {
    case "rect": {
      const { x, y, w, h, rx, cls } = shape;
      return tag("rect", { x, y, width: w, height: h, rx, class: cls });
    }
    case "circle":
      return tag("circle", { cx: shape.cx, cy: shape.cy, r: shape.r, class: shape.cls });
    case "path":
      return tag("path", { d: shape.d, class: shape.cls });
    case "text": {
      const { x, y, anchor, parts } = shape;
      const [only, second] = parts;
      const place = { x, y, "text-anchor": anchor };
      if (second === undefined) return tag("text", { ...place, class: only.cls }, escaped(only.text));
      const spans = parts.map(({ text, cls, dx }) => tag("tspan", { class: cls, dx }, escaped(text)));
      return tag("text", place, spans.join(""));
    }
    case "node": {
      return tag(
        "g",
        { class: classOf(shape), "data-stage": shape.stage },
        shape.shapes.map(elementOf).join(""),
      );
    }
    default:
      return tag("g", { class: "node" }, shape.shapes.map(elementOf).join(""));
  }
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

function tag(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${typeof value === "number" ? round(value) : value}"`],
  );
  return `<${name}${written.join("")}>${content}</${name}>`;
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** XML has no way to write control characters and halves of surrogate pairs. */
const FORBIDDEN = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu;

function escaped(text: string): string {
  return text.replace(FORBIDDEN, "\ufffd").replace(/[&<>"]/g, (each) => ESCAPES[each] ?? each);
}
