/** Draw a true-time strip: its lanes, and the wire as its axis. */

import { momentOf } from "../../trace/steps";
import { size, time } from "../../trace/format";
import type { Stage, Step } from "../../api/types";
import type { Sheet } from "./sheet";
import type { Journey, Ribbon } from "../model/types";
import { spent } from "../../trace/steps";
import { isStatement, word, type Bracket } from "../../trace/transactions";
import {
  beadShape,
  circle,
  d,
  fonts,
  line,
  LONGEST_TITLE,
  phrase,
  rect,
  type Shape,
  stepNode,
  words,
} from "./shapes";
import { ellipsize } from "../../trace/text";
import { fitted } from "./text";

/** Where the wire passes through a strip. */
export interface Axis {
  readonly y: number;
  readonly begin: number;
  readonly end: number;
  readonly top: number;
  readonly height: number;
  readonly left: number;
  /** Whether it ends in an exception, or the client's leaving. */
  readonly cut: boolean;
}

const LANE = 26;
const APART = 12;
/** How high a row of brackets is, and how many there are room for. */
const BRACKET = 16;
const BRACKETS = 3;
const MINUTE = 6e10;
const TICKS = [
  ...[1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9].flatMap((ns) => [ns, 2 * ns, 5 * ns]),
  1e10,
  3e10,
  ...[1, 5, 10, 30].map((minutes) => minutes * MINUTE),
];

type Lane = "sql" | "tpl" | "span" | "req" | "chunk";
const LANES: Readonly<Record<Lane, string>> = {
  sql: "SQL",
  tpl: "tmpl",
  span: "spans",
  req: "calls",
  chunk: "sent",
};

function isOf(lane: Lane): (step: Step) => boolean {
  return ({ stage }) => (stage === "template" ? "tpl" : stage) === lane;
}

// By the whole step, not by the moment: a replay moves nothing.
function lanesOf(r: Ribbon): Lane[] {
  const detail = r.step?.detail["sent"];
  return [
    ...(["sql", "tpl", "span"] as const).filter((lane) => r.segments.some(isOf(lane))),
    ...(r.inner.length > 0 ? ["req" as const] : []),
    ...(r.key === "body" && Array.isArray(detail) && detail.length > 0 ? ["chunk" as const] : []),
  ];
}

/** How many rows of brackets stand above its SQL. */
function bracketsOf(r: Ribbon): number {
  if (!r.segments.some(isOf("sql"))) return 0;
  return Math.min(
    BRACKETS,
    r.brackets.reduce((most, each) => Math.max(most, each.row + 1), 0),
  );
}

/** How high a strip is. */
export function heightOf(r: Ribbon, running: boolean): number {
  if (r.step === null) return running && r.state === "pending" ? 128 : 44;
  const lanes = lanesOf(r).length;
  if (lanes === 0 && r.step.outcome !== "raised")
    return r.key === "body" ? 102 : r.contexts.length > 0 ? 92 : 66;
  return Math.max(128, 76 + lanes * LANE) + bracketsOf(r) * BRACKET + (r.contexts.length > 0 ? 12 : 0);
}

export function drawRibbon(sheet: Sheet, j: Journey, r: Ribbon, top: number, tall: number): Axis {
  const { XL, XR, CX, X0, X1, W, levels, back, nodes, front, space } = sheet;
  const { measure, selected, opened = new Set<string>() } = space;
  const FONT = fonts(space.stage === true);
  const isBody = r.key === "body";
  const left = isBody ? XL + 22 : X0 + levels * 8 + 4;
  const right = isBody ? X1 : W - left;
  const begin = isBody ? left + 62 : XL + 54;
  const end = isBody ? XR - 54 : XR - 40;
  const axisY = top + tall - (tall < 90 ? 24 : 32);
  const failed = r.error !== null;
  const cut = failed || (isBody && r.note.startsWith("the client"));
  const stop = failed ? begin + (end - begin) * 0.7 : end;
  const span = Math.max(1, r.duration);
  const sx = (ns: number): number =>
    begin + ((stop - begin - (failed ? 18 : 0)) * Math.min(span, Math.max(0, ns - r.begin))) / span;
  const axis: Axis = { y: axisY, begin, end: stop, top, height: tall, left, cut };
  const stage: Stage = isBody ? "body" : "view";
  // Behind the wire, which runs through it as its axis.
  back.push(
    rect(
      left,
      top,
      right - left,
      tall,
      12,
      `vbox ${r.step === null || r.state === "pending" ? "ghost" : cut ? "err" : isBody ? "body" : ""}`,
    ),
  );
  // What takes the clicks lies above the wire.
  const shapes: Shape[] = [rect(left, top, right - left, tall, 12, "hit")];
  if (r.step === null || r.state === "pending") {
    const pending = r.state === "pending";
    shapes.push(phrase(CX, top + tall / 2 + 5, "middle", ellipsize(pending ? r.name : r.note, 90), "note b"));
    nodes.push({
      el: "node",
      key: r.key,
      step: r.step?.id ?? null,
      stage,
      state: r.state,
      label: pending ? `${stage} ${r.name}: pending` : r.note,
      current: false,
      shapes,
    });
    return axis;
  }

  const running = r.state === "running";
  // Of a body it is the app's own part: with the server, which sends, it takes turns.
  const own = isBody && j.sent > 0 ? Math.max(0, r.duration - j.sent) : r.duration;
  const share = j.total > 0 ? Math.min(100, (own / j.total) * 100) : 0;
  const asides = failed
    ? errorLines(r.error ?? "", (text) => measure(text, FONT.pill) <= XR - 34 - stop)
    : r.note === ""
      ? []
      : [r.note];
  const room = failed
    ? stop - begin - 150
    : XR - 16 - begin - (asides.length === 0 ? 250 : 150 + measure(r.note, FONT.pill));
  const name = fitted(r.name, FONT.title, Math.max(80, room), measure, 60);
  shapes.push(
    words(
      begin,
      top + 27,
      "start",
      { text: isBody ? "body" : "view", cls: "k" },
      { text: name, cls: "vt", dx: 9 },
      { text: time(own), cls: "vd", dx: 16 },
      {
        text: running
          ? "running"
          : asides.length > 0
            ? ""
            : `${share < 1 ? "<1" : Math.round(share)}% of the app's time`,
        cls: "k",
        dx: 9,
      },
    ),
  );
  asides.forEach((aside, index) => {
    shapes.push(
      phrase(
        XR - 16,
        top + (asides.length > 1 ? 18 + index * 15 : 27),
        "end",
        aside,
        cut ? "tag err halo2" : r.thread ? "tag thr" : "tl out",
      ),
    );
  });

  const seen = (step: Step): boolean => momentOf(j.at, j.elapsed).state(step) !== "pending";
  const contexts = r.contexts.filter((each) => each.seen);
  const contextual = r.contexts.length > 0;
  let laneY = top + 40 + (contextual ? 12 : 0);
  if (contexts.length > 0) {
    contexts.forEach((each, index) => {
      const x = sx(each.begin) - 5 + index * 3;
      back.push(
        rect(
          x,
          top + 36 + index * 4,
          Math.max(20, sx(each.end) + 5 - index * 3 - x),
          axisY + 12 - index * 4 - top - 36 - index * 4,
          8,
          "band again",
        ),
      );
    });
    const said = contexts.map((each) => each.label).join(", ");
    const wide = measure(said, FONT.band) + 18;
    const x = Math.min(
      end - wide / 2,
      Math.max(begin + wide / 2, (sx(contexts[0]?.begin ?? 0) + sx(contexts[0]?.end ?? 0)) / 2),
    );
    shapes.push(
      rect(x - wide / 2, top + 33, wide, 15, 7.5, "vlg"),
      phrase(x, top + 44, "middle", said, "lbl"),
    );
  }

  const inner: Shape[] = [];
  for (const lane of lanesOf(r)) {
    if (lane === "sql") {
      drawBrackets(laneY);
      laneY += bracketsOf(r) * BRACKET;
    }
    shapes.push(phrase(begin - 9, laneY + 15.5, "end", LANES[lane], `lane ${lane}`));
    if (lane === "chunk") drawChunks(laneY);
    else if (lane === "req") drawCalls(laneY);
    else drawSegments(lane, laneY, r.segments.filter(isOf(lane)).filter(seen).filter(hasBar));
    laneY += LANE;
  }
  // A low box has no room for them below the axis.
  if (span > 2000 && tall >= 100) {
    const step = TICKS.find((each) => span / each <= 8) ?? Math.ceil(span / 8);
    for (let t = 0; t <= span; t += step)
      shapes.push(phrase(sx(r.begin + t), axisY + 22, "middle", tick(t, step), "tick"));
  }
  const middle = (begin + stop) / 2;
  front.push(line(d`M${middle - 3} ${axisY - 4}l4 4l-4 4`, "chev"));
  if (failed) {
    const fromX = stop + 14;
    const high = Math.min(48, tall - 80);
    if (high > 20)
      shapes.push(
        rect(fromX, top + 40, Math.max(0, end - fromX), high, 6, "hatch"),
        phrase((fromX + end) / 2, top + 45 + high / 2, "middle", "not reached", "note halo2"),
      );
  }
  if (cut)
    front.push(circle(stop, axisY, 11, "dot err"), line(d`M${stop - 4} ${axisY - 4}l8 8m0-8l-8 8`, "x"));
  const current = r.step.id === selected;
  if (j.hung === null && (running || current)) {
    const x = running ? stop : middle;
    front.push(circle(x, axisY, 20, "halo"), circle(x, axisY, 11, "ring"));
  }
  nodes.push(
    {
      el: "node",
      key: r.key,
      step: r.step.id,
      stage,
      state: r.state,
      label: `${stage} ${r.name}: ${r.state}, ${time(r.duration)}`.slice(0, LONGEST_TITLE),
      ...(name === r.name ? {} : { title: r.name.slice(0, LONGEST_TITLE) }),
      current,
      shapes,
    },
    ...inner,
  );
  drawBeads();
  return axis;

  function drawSegments(lane: "sql" | "tpl" | "span", y: number, all: readonly Step[]): void {
    const ids = new Set(all.map((step) => step.id));
    const steps = all.filter((step) => step.parent === null || !ids.has(step.parent));
    const asked = lane === "sql" ? repeats(steps) : new Map<string, number>();
    const lasted = (step: Step): number => Math.max(0, (step.end ?? r.begin + span) - step.begin);
    const key = `${r.key}:${lane}`;
    const open = opened.has(key);
    let index = 0;
    let edge = -Infinity;
    while (index < steps.length) {
      const group: Step[] = [];
      let from = Infinity;
      let to = -Infinity;
      // Closer than can be told apart: one bar stands for them.
      while (index < steps.length) {
        const step = steps[index] as Step;
        const x = sx(step.begin);
        const w = sx(step.begin + lasted(step)) - x;
        const apart =
          group.some((each) => isStatement(each) !== isStatement(step)) && lane === "sql" && x > to - 1;
        // No bar is so thin that it cannot be seen; where that would push the next ones off their time, they are one.
        const pushed = Math.max(Math.max(from, edge) + 4, to - 1) - x;
        const gap = (x > to + 1.5 && pushed <= 2) || (apart && pushed <= 6);
        if (group.length > 0 && (gap || w > 4 || to - from > 240 || (open && lane !== "sql"))) break;
        group.push(step);
        from = Math.min(from, x);
        to = Math.max(to, x + Math.max(2, w));
        index += 1;
        if (w > 4) break;
      }
      const first = group[0] as Step;
      const x = Math.min(Math.max(from, edge), stop - 3);
      const w = Math.max(3, Math.min(to, stop + 3) - x - 2);
      edge = x + w + 1;
      const total = group.reduce((sum, step) => sum + lasted(step), 0);
      const times = group.length === 1 && isStatement(first) ? (asked.get(question(first)) ?? 1) : 1;
      const ends = lane === "sql" && !isStatement(first) ? "tx" : "";
      const bar: Shape = rect(
        x,
        y,
        w,
        22,
        Math.min(4, w / 2),
        `seg ${lane} ${ends} ${times > 1 ? "same" : ""} ${group.length > 1 ? "dense" : ""} ${first.outcome === "raised" ? "err" : ""}`,
      );
      const drawn: Shape[] = [bar];
      const texts =
        group.length > 1
          ? [
              `× ${group.length.toLocaleString("en")}  ${time(total)}`,
              `× ${group.length.toLocaleString("en")}`,
            ]
          : ends !== ""
            ? [`${word(first)}  ${time(lasted(first))}`, word(first)]
            : lane === "sql"
              ? labels(first, time(lasted(first)), times)
              : captions(first, time(lasted(first)));
      const shown = texts.find((each) => measure(each, FONT.segment) < w - 12);
      if (shown !== undefined)
        drawn.push(phrase(x + 7, y + 15, "start", shown, ends === "" ? "sl" : "txt sql"));
      if (group.length === 1)
        inner.push(
          stepNode(
            first,
            momentOf(j.at, j.elapsed).state(first),
            `${first.stage} ${first.name.slice(0, 2000)}, ${time(lasted(first))}`,
            first.id === selected,
            drawn,
          ),
        );
      else if (lane !== "sql")
        inner.push({
          el: "fold",
          key,
          steps: group.map((step) => step.id),
          open,
          label: `${group.length} ${lane === "tpl" ? "templates" : "spans"}, ${time(total)}`,
          shapes: drawn,
        });
      else {
        const slowest = group.reduce((most, step) => (lasted(step) > lasted(most) ? step : most), first);
        inner.push(
          stepNode(
            slowest,
            momentOf(j.at, j.elapsed).state(slowest),
            `${group.length.toLocaleString("en")} ${kindsOf(group)}, ${time(total)}; the slowest: ${slowest.name}`,
            slowest.id === selected,
            drawn,
          ),
        );
      }
    }
    drawIncluded(
      lane,
      y,
      all.filter((step) => !steps.includes(step)),
    );
  }

  /** From what began a transaction to what ended it; dashed where it goes on outside of the box. */
  function drawBrackets(y: number): void {
    const rowsOf = bracketsOf(r);
    for (const each of r.brackets)
      if (each.row < rowsOf && seen({ ...(r.step as Step), begin: each.begin }))
        drawBracket(each, y + each.row * BRACKET + 7);
  }

  function drawBracket(each: Bracket, y: number): void {
    const ended = each.to !== null && seen(each.to);
    const inside = ended && each.end <= r.begin + span;
    const before = each.begin < r.begin;
    const open = !ended && running;
    const from = before ? left + 12 : sx(each.begin) + 0.5;
    const to = Math.max(from + 5, inside ? sx(each.end) - 1 : open ? stop : right - 12);
    const solid: [number, number] = [
      before ? begin - 4 : from,
      inside || open ? to : Math.max(from, Math.min(to, stop)),
    ];
    const path = [
      before ? d`M${solid[0]} ${y}` : d`M${from} ${y + 7}V${y}`,
      d`H${solid[1]}`,
      inside ? d`V${y + 7}` : "",
    ].join("");
    const drawn: Shape[] = [line(path, "tx sql")];
    if (before) drawn.push(line(d`M${from} ${y}H${solid[0]}`, "tx sql dashed"));
    if (!inside && !open) drawn.push(line(d`M${solid[1]} ${y}H${to}`, "tx sql dashed"));
    const [opens, ends] = [
      each.from === null ? "BEGIN" : word(each.from),
      each.to === null || !ended ? "" : `${word(each.to)}${inside ? "" : " later"}`,
    ];
    const width = (text: string): number => (text === "" ? 0 : measure(text, FONT.pill) + 8);
    // On a piece of ground of their own, as the line runs behind.
    const named = (x: number, text: string): Shape[] => [
      rect(x, y - 6, width(text), 12, 0, "ground"),
      phrase(x + 4, y + 4, "start", text, "txt sql"),
    ];
    const room = solid[1] - from - 24;
    const both = width(opens) + width(ends) <= room;
    const of = [both ? opens : "", both || width(ends) <= room ? ends : ""] as const;
    if (of[0] !== "") drawn.push(...named(from + 8, of[0]));
    if (of[1] !== "") drawn.push(...named(solid[1] - 8 - width(of[1]), of[1]));
    const step = each.from ?? each.to;
    const said = `transaction: ${opens} to ${ends === "" ? "no end" : ends}${each.end < Infinity ? `, ${time(each.end - each.begin)}` : ""}`;
    if (step === null) shapes.push(...drawn);
    else inner.push(stepNode(step, momentOf(j.at, j.elapsed).state(step), said, step.id === selected, drawn));
  }

  /** Templates and spans inside others: a thin bar along the one they are in. */
  function drawIncluded(lane: Lane, y: number, steps: readonly Step[]): void {
    for (const step of steps) {
      const x = sx(step.begin);
      const lasted = Math.max(0, (step.end ?? r.begin + span) - step.begin);
      inner.push(
        stepNode(
          step,
          momentOf(j.at, j.elapsed).state(step),
          `${step.stage} ${step.name}, ${time(lasted)}`,
          step.id === selected,
          [
            rect(
              x,
              y + 19,
              Math.max(3, Math.min(stop, sx(step.begin + lasted)) - x - 2),
              5,
              2,
              `seg ${lane} included`,
            ),
          ],
        ),
      );
    }
  }

  function drawCalls(y: number): void {
    for (const each of r.inner) {
      const at = (each.started_at - j.trace.started_at) * 1e9;
      if (r.step === null || !seen({ ...r.step, begin: at })) continue;
      const x = sx(at);
      const w = Math.max(8, sx(at + (each.duration ?? each.elapsed)) - x - 2);
      const drawn: Shape[] = [rect(x, y, w, 22, 4, "seg req")];
      const said = `${each.method} ${ellipsize(each.path, 30)} ${each.status ?? "…"} ↗`;
      const shown = [said, `${each.status ?? "…"} ↗`, "↗"].find(
        (text) => measure(text, FONT.segment) < w - 12,
      );
      if (shown !== undefined) drawn.push(phrase(x + 7, y + 15, "start", shown, "sl"));
      inner.push({
        el: "link",
        key: `link:${each.id}`,
        trace: each.id,
        label: `request inside: ${said}`,
        shapes: drawn,
      });
    }
  }

  function drawChunks(y: number): void {
    let drawnTo = -1;
    for (const chunk of r.chunks) {
      const x = sx(chunk.at);
      if (x - 29 < drawnTo) {
        if (x - 2 > drawnTo) {
          shapes.push(rect(x - 2, y + 1, 4, 20, 2, "seg chunk"));
          drawnTo = x + 3;
        }
        continue;
      }
      // Beside the name of the lane, not over it, and not past the end of the axis.
      const from = Math.max(begin - 4, Math.min(x - 29, Math.max(drawnTo, stop - 54)));
      drawnTo = from + 58;
      shapes.push(
        rect(from, y + 1, 58, 20, 10, "seg chunk"),
        phrase(from + 29, y + 15.5, "middle", size(chunk.size).replace(".0", ""), "sl"),
      );
    }
    const [from, w] = [drawnTo + 3, stop - drawnTo - 3];
    if (r.more > 0 && w > 6) {
      const said = `${r.more.toLocaleString("en")} more`;
      shapes.push(rect(from, y + 1, w, 20, 2, "seg chunk dense"));
      if (measure(said, FONT.segment) < w - 12) shapes.push(phrase(from + 7, y + 15.5, "start", said, "sl"));
    }
  }

  /** What else ran inside: on the axis at its time, but never over one another. */
  function drawBeads(): void {
    const key = `${r.key}:beads`;
    const room = Math.max(1, Math.floor((stop - begin - 30) / APART));
    const open = opened.has(key) || r.beads.some((step, index) => index >= room - 2 && step.id === selected);
    const shown = r.beads.length <= room || open ? r.beads : r.beads.slice(0, room - 2);
    const rest = r.beads.slice(shown.length);
    const apart = Math.min(APART, (stop - begin - 30) / Math.max(1, shown.length));
    const xs: number[] = [];
    for (const step of shown) xs.push(Math.max(sx(step.begin), (xs.at(-1) ?? -Infinity) + apart));
    const said = `+${rest.length.toLocaleString("en")}`;
    const wide = Math.max(40, measure(said, FONT.pill) + 16);
    let limit = stop - (rest.length > 0 ? wide + 10 : cut ? 18 : 4);
    for (let index = xs.length - 1; index >= 0; index--) {
      xs[index] = Math.min(xs[index] ?? 0, limit);
      limit = (xs[index] ?? 0) - apart;
    }
    shown.forEach((step, index) => {
      const x = xs[index] ?? begin;
      front.push(
        stepNode(
          step,
          momentOf(j.at, j.elapsed).state(step),
          `${step.stage} ${step.name}, ${time(spent(step))}`,
          step.id === selected,
          [circle(x, axisY, 8, step.id === selected ? "ring" : "hit"), beadShape(step, x, axisY)],
        ),
      );
    });
    if (rest.length > 0)
      front.push({
        el: "fold",
        key,
        steps: rest.map((step) => step.id),
        open: false,
        label: `${rest.length} more steps inside`,
        shapes: [
          rect(stop - 2 - wide, axisY - 9.5, wide, 19, 9.5, "pill more"),
          phrase(stop - 2 - wide / 2, axisY + 4.2, "middle", said, "pt"),
        ],
      });
  }
}

/** Its type and message, on one line where that fits; else one below the other, cut at their ends. */
function errorLines(error: string, fits: (text: string) => boolean): readonly string[] {
  const whole = ellipsize(error, 60);
  if (whole === error && fits(whole)) return [whole];
  const [type = "", ...rest] = error.split(": ");
  return [type, rest.join(": ")].filter((part) => part !== "").map((part) => cutTo(part, fits));
}

function cutTo(text: string, fits: (text: string) => boolean): string {
  const letters = Array.from(ellipsize(text, 400));
  if (fits(letters.join(""))) return letters.join("");
  let kept = Math.min(letters.length, 80);
  while (kept > 1 && !fits(`${letters.slice(0, kept).join("")}…`)) kept -= 1;
  return `${letters.slice(0, kept).join("").trimEnd()}…`;
}

function kindsOf(group: readonly Step[]): string {
  const statements = group.filter(isStatement).length;
  return statements === group.length
    ? "statements"
    : statements === 0
      ? "transaction steps"
      : "statements and transaction steps";
}

function tick(t: number, step: number): string {
  if (t === 0) return "0";
  if (step >= MINUTE) return `${t / MINUTE} min`;
  if (step >= 1e9) return `${t / 1e9} s`;
  return step >= 1e6 ? `${t / 1e6} ms` : `${Math.round(t / 1000)} µs`;
}

/** What a driver sent by itself, in another step's time, is the end of a bracket alone. */
function hasBar(step: Step): boolean {
  return step.stage !== "sql" || step.end !== step.begin || isStatement(step);
}

/** What makes a statement the same as another: its text, and its parameters. */
function question(step: Step): string {
  return JSON.stringify([step.name, step.detail["parameters"] ?? null]);
}

function repeats(steps: readonly Step[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const step of steps)
    if (isStatement(step)) found.set(question(step), (found.get(question(step)) ?? 0) + 1);
  return found;
}

/** A statement by its table. */
function labels(step: Step, spent: string, times: number): string[] {
  const table =
    /\b(?:FROM|INTO|UPDATE|TABLE)\s+(?:IF (?:NOT )?EXISTS\s+)?["`[]?(\w+)/i.exec(
      step.name.slice(0, 2000),
    )?.[1] ??
    ellipsize(step.name, 12).split(" ")[0] ??
    "";
  const often = times > 1 ? `${times}× ` : "";
  return [`${often}${table}  ${spent}`, `${often}${table}`, ...(times > 1 ? [`${times}×`] : [])];
}

function captions(step: Step, spent: string): string[] {
  const full = ellipsize(step.name, 120).replace(/^SELECT .*? FROM/, "SELECT … FROM");
  const table = full.replace(/.*FROM (\w+).*/, "$1");
  return [
    `${full}  ${spent}`,
    `${full.replace(/ WHERE.*| LIMIT.*/, "")}  ${spent}`,
    `${table}  ${spent}`,
    spent,
  ];
}
