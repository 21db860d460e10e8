/** From the journey and the space there is to shapes. */

import { momentOf } from "../../trace/steps";
import type { Drawing, Sheet, Space } from "./sheet";
import { size, time } from "../../trace/format";
import type { Step } from "../../api/types";
import { changed } from "./changes";
import { fold } from "../model/fold";
import { label } from "../model/chips";
import type { Chip, Journey } from "../model/types";
import { drawRibbon, heightOf, type Axis } from "./ribbon";
import { COLLECTED, spent } from "../../trace/steps";
import {
  beadShape,
  circle,
  d,
  fonts,
  line,
  LONGEST_TITLE,
  phrase,
  type Point,
  rect,
  type Shape,
  stepNode,
  words,
} from "./shapes";
import { ellipsize } from "../../trace/text";
import { fitted } from "./text";
import { drawWires } from "./wires";
import { isStatement, word } from "../../trace/transactions";

/** What would be shrunk to less is scrolled instead. */
export const SMALLEST = 0.62;
const GUTTER = 112;
const INSET = 8;
const PAD = { top: 8, bottom: 7, rows: 4 };
const HEAD = 56;
const HUES = 4;
// The label of a band without rows has to clear the next.
const EMPTY_BAND = 10;
const PILL_ROW = 24;
const KEY = 138;
const LONGEST_HEAD = 60;
const AROUND: ReadonlySet<string> = new Set(["wsgi", "middleware", "dispatch"]);

interface Pill {
  readonly w: number;
  readonly draw: (x: number, y: number) => Shape;
}

interface Placed {
  readonly chip: Chip;
  readonly row: number;
  readonly name: string;
  readonly w: number;
  readonly pills: readonly Pill[];
  readonly fold: { readonly key: string; readonly steps: readonly number[]; readonly open: boolean } | null;
  readonly rows: readonly (readonly Pill[])[];
}

/** Draw a journey. */
export function draw(j: Journey, space: Space): Drawing {
  const { width, height, measure, selected, opened = new Set<string>(), stage = false } = space;
  const FONT = fonts(stage);
  const aspect = Math.max(0.6, width / Math.max(1, height));
  const levels = j.bands.length;
  const whole = j.trace.app_time ?? j.trace.duration ?? j.total;
  const bands = j.bands.map((band) => ({
    ...band,
    left: fold(band.left, whole, opened, selected),
    right: fold(band.right, whole, opened, selected),
  }));
  const viewHeight = heightOf(j.view, j.trace.state === "running");
  const bodyHeight = j.body === null ? 0 : heightOf(j.body, false) + 44;
  const least = stage ? 1160 : 1120;
  const isCurrent = (step: Step | null): boolean => step !== null && step.id === selected;

  // Whose handler it is: those of blueprints and of the app stand in one row.
  const prefixOf = (chip: Chip): string =>
    chip.stage === "error_handler" && chip.hue > 0
      ? ellipsize(j.trace.blueprints[chip.hue - 1] ?? "", 28)
      : "";

  // How wide, and on how many rows.
  const chipWidth = (chip: Chip | undefined): number =>
    chip === undefined
      ? 0
      : 27 +
        measure(chip.kind, FONT.kind) +
        measure(ellipsize(chip.name), FONT.name) +
        (prefixOf(chip) === "" ? 0 : measure(prefixOf(chip), FONT.kind) + 6);
  const half = (least - 2 * (GUTTER + levels * INSET + 24)) / 2 - 34;
  // A long name may have the room that the chip across leaves.
  const widest = (chip: Chip | undefined, across: Chip | undefined): number =>
    Math.min(chipWidth(chip), Math.max(half, 2 * half - 60 - chipWidth(across)));
  const arrange = (chips: readonly Chip[], across: readonly Chip[]): Placed[] => {
    let row = 0;
    return chips.map((chip, index) => {
      const ghost = chip.state === "pending" || chip.state === "skipped";
      const most = widest(chip, across[row]) - measure(chip.kind, FONT.kind) - 27;
      const name = fitted(chip.name, ghost ? FONT.ghost : FONT.name, Math.max(60, most), measure);
      const w = 27 + measure(chip.kind, FONT.kind) + measure(name, ghost ? FONT.ghost : FONT.name);
      // Those of a handler stand below it, beside the wire from the view where there is one.
      const made = arrangePills(
        chip,
        across[index] === chip
          ? (j.view.error === null ? half : 0) + w / 2 - 20
          : roomFor(chip, w, across[index]),
      );
      const placed = { chip, row, name, w, ...made };
      row += 1 + Math.ceil((made.rows.length * PILL_ROW) / 30);
      return placed;
    });
  };
  // What is not needed across the row may be used.
  const roomFor = (chip: Chip, w: number, across: Chip | undefined): number => {
    const room = 2 * half - 20 - w - widest(across, chip);
    return across !== undefined &&
      across.pills.length + across.inner.length + (across.step?.detail["changes"] === undefined ? 0 : 1) > 0
      ? room / 2
      : room;
  };
  const rowsOf = (placed: readonly Placed[]): number =>
    placed.reduce(
      (last, each) => Math.max(last, each.row + 1 + Math.ceil((each.rows.length * PILL_ROW) / 30)),
      0,
    );
  const arranged = bands.map((band) => ({
    band,
    left: arrange(band.left, band.right),
    right: arrange(band.right, band.left),
  }));

  const gapToView =
    j.trace.error !== null ||
    j.view.step?.outcome === "raised" ||
    j.handlers.some((chip) => chip.pills.length + chip.inner.length > 0)
      ? 34
      : 10;
  const rows = arranged.reduce((sum, each) => sum + Math.max(rowsOf(each.left), rowsOf(each.right)), 0) + 1;
  const empty = arranged.filter((each) => each.left.length + each.right.length === 0).length;
  const fixed =
    HEAD +
    bodyHeight +
    levels * (PAD.top + PAD.bottom + PAD.rows) +
    empty * EMPTY_BAND +
    gapToView +
    viewHeight +
    16;
  const pitch = Math.max(stage ? 33 : 30, Math.min(41, (least / aspect - fixed) / rows));
  const chipHeight = Math.min(stage ? 30 : 28, pitch - 4.5);
  let H = fixed + rows * pitch;
  // It takes the frame's shape; what has to be scrolled takes its width.
  const W = Math.max(least, Math.min(1560, height < H * SMALLEST ? width : H * aspect));
  const XL = GUTTER + levels * INSET + 24;
  const XR = W - XL;
  const CX = W / 2;
  const X0 = GUTTER;
  const X1 = W - GUTTER;
  const handlersWide = j.handlers.reduce((sum, chip) => sum + chipWidth(chip) + 60, 0);
  const ownRow =
    j.handlers.length > 0 &&
    (j.response.step?.outcome === "raised" ||
      XR - XL - chipWidth(j.dispatch) - chipWidth(j.response) - 50 < handlersWide + 34);
  const handlerRow = ownRow ? pitch + 6 : 0;
  H += handlerRow;

  const bandTops: number[] = [];
  let y = HEAD + bodyHeight;
  for (const each of arranged) {
    bandTops.push(y);
    y += PAD.top + Math.max(EMPTY_BAND, Math.max(rowsOf(each.left), rowsOf(each.right)) * pitch) + PAD.rows;
  }
  const turnY = y + 4 + pitch / 2;
  const viewY = turnY + pitch / 2 + gapToView + handlerRow;
  const sheet: Sheet = {
    back: [],
    wires: [],
    nodes: [],
    front: [],
    at: new Map(),
    again: new Map(),
    XL,
    XR,
    CX,
    X0,
    X1,
    levels,
    W,
    topY: j.body === null ? HEAD - 8 : HEAD - 10,
    turnY,
    viewY,
    gapToView,
    pitch,
    chipHeight,
    ownRow,
    space,
  };
  const { back, nodes, front, at } = sheet;
  const labels: Shape[] = [];
  const bars: { side: "left" | "right"; y: number; ns: number; sent: boolean }[] = [];

  // The bands, and their chips
  arranged.forEach((each, level) => {
    const top = bandTops[level] ?? 0;
    for (const placed of each.left) place(placed, "left", top + PAD.top + placed.row * pitch + pitch / 2);
    for (const placed of each.right) place(placed, "right", top + PAD.top + placed.row * pitch + pitch / 2);
  });
  let bottom = viewY + viewHeight + 2;
  [...bands].reverse().forEach((band, index) => {
    bottom += PAD.bottom;
    const level = levels - 1 - index;
    const top = bandTops[level] ?? 0;
    const inset = level * INSET;
    const hue = band.hue === 0 ? "" : `bp${((band.hue - 1) % HUES) + 1}`;
    back.unshift(
      rect(X0 + inset, top, W - 2 * (X0 + inset), bottom - top, Math.max(6, 18 - level), `band ${hue}`),
    );
    const shown = ellipsize(band.label, 60);
    const wide = measure(shown, FONT.band) + (band.sub === "" ? 0 : 10 + measure(band.sub, FONT.sub)) + 22;
    labels.push(
      rect(
        CX - wide / 2,
        top - 9,
        wide,
        18,
        9,
        "lg",
        shown === band.label ? undefined : band.label.slice(0, LONGEST_TITLE),
      ),
      words(
        CX,
        top + 4.5,
        "middle",
        { text: shown, cls: `lbl ${hue}` },
        ...(band.sub === "" ? [] : [{ text: band.sub, cls: "sub", dx: 10 }]),
      ),
    );
  });
  H = Math.max(H, bottom + 9);

  // The turn
  for (const [chip, side, across] of [
    [j.dispatch, "left", j.response],
    [j.response, "right", j.dispatch],
  ] as const) {
    const [placed] = arrange([chip], [across]);
    if (placed) place(placed, side, turnY);
  }
  const dispatchAt = at.get("dispatch");
  const responseAt = at.get("make_response");
  if (j.handlers.length > 0 && dispatchAt && responseAt) {
    const total = j.handlers.reduce((sum, chip) => sum + chipWidth(chip), 0) + 40 * (j.handlers.length - 1);
    const [from, to] = ownRow ? [XL, XR - 130] : [dispatchAt.right, responseAt.left];
    let x = from + Math.max(12, (to - from - total) / 2);
    for (const chip of j.handlers) {
      const [placed] = arrange([chip], [chip]);
      if (placed) place(placed, "center", turnY + handlerRow, x);
      x += chipWidth(chip) + 40;
    }
  }

  const axes: Record<"view" | "body", Axis | null> = {
    view: drawRibbon(sheet, j, j.view, viewY, viewHeight),
    body: j.body === null ? null : drawRibbon(sheet, j, j.body, HEAD - 8, bodyHeight - 44),
  };
  drawWires(sheet, j, axes);
  drawBeads();
  drawHead();
  drawGutters();
  return { width: W, height: H, shapes: [...back, ...sheet.wires, ...labels, ...nodes, ...front] };

  function arrangePills(chip: Chip, room: number): Pick<Placed, "pills" | "fold" | "rows"> {
    const sql = chip.pills.filter((step) => step.stage === "sql");
    const statements = sql.filter(isStatement).length;
    const others = chip.pills.filter((step) => !COLLECTED.has(step.stage));
    const made: { readonly pill: Pill; readonly step: Step | null }[] = [];
    const seen = (step: Step): boolean => momentOf(j.at, j.elapsed).state(step) !== "pending";
    const slowest = sql.reduce<Step | null>(
      (most, step) => (most === null || spent(step) > spent(most) ? step : most),
      null,
    );
    if (slowest !== null && seen(sql[0] ?? slowest)) {
      const total = sql.reduce((sum, step) => sum + momentOf(j.at, j.elapsed).lasted(step), 0);
      made.push({
        step: null,
        pill: pillOf(
          slowest,
          "sql",
          `${statements === 0 ? word(slowest) : statements === 1 ? "SQL" : `${statements} SQL`} ${time(total)}`,
          `${sql.length} × SQL, ${slowest.name}`,
        ),
      });
    }
    for (const step of others)
      if (seen(step))
        made.push({
          step,
          pill:
            step.stage === "signal"
              ? diamond(step)
              : pillOf(
                  step,
                  step.stage === "template" ? "tpl" : "ctx",
                  `${PILL_NAMES[step.stage] ?? ""}${ellipsize(step.name, 18)} ${time(momentOf(j.at, j.elapsed).lasted(step))}`,
                  `${step.stage} ${step.name}`,
                ),
        });
    for (const each of chip.inner) {
      const answer = each.status?.toString() ?? "…";
      const links = [
        `${each.method} ${ellipsize(each.path, 24)} ${answer}`,
        `${each.method} ${answer}`,
        answer,
      ].map((shown) => linkOf(shown, each.id));
      const link = links.find((pill) => pill.w + 10 <= room) ?? links.at(-1);
      if (link !== undefined) made.unshift({ step: null, pill: link });
    }

    const widths = (pills: readonly { pill: Pill }[]): number =>
      pills.reduce((sum, each) => sum + each.pill.w + 6, 0);
    // What it changed is said in as many words as there is room for.
    const noted =
      chip.step === null ||
      chip.half ||
      AROUND.has(chip.stage) ||
      !seen(chip.step) ||
      chip.state === "running"
        ? []
        : changed(chip.step.detail["changes"]);
    const said = noted.find((each) => measure(each, FONT.pill) + 10 + widths(made) <= room);
    if (said !== undefined)
      made.push({
        step: null,
        pill: {
          w: measure(said, FONT.pill) + 4,
          draw: (x, py) => phrase(x + 2, py + 4.2, "start", said, "changed"),
        },
      });
    if (widths(made) <= Math.max(0, room))
      return { pills: made.map((each) => each.pill), fold: null, rows: [] };
    let kept = made.length;
    while (kept > 0 && widths(made.slice(0, kept)) + 40 > room) kept -= 1;
    const rest = made.slice(kept);
    const key = `pills:${chip.key}`;
    const steps = rest.flatMap((each) => (each.step === null ? [] : [each.step.id]));
    const open = opened.has(key) || steps.some((id) => id === selected);
    const rows: Pill[][] = [];
    if (open) {
      let used = Infinity;
      for (const each of rest) {
        if (used + each.pill.w > 2 * half - 40) {
          rows.push([]);
          used = 0;
        }
        rows.at(-1)?.push(each.pill);
        used += each.pill.w + 6;
      }
    }
    return { pills: made.slice(0, kept).map((each) => each.pill), fold: { key, steps, open }, rows };
  }

  function pillOf(step: Step, cls: string, shown: string, said: string): Pill {
    const w = measure(shown, FONT.pill) + 14;
    return {
      w,
      draw: (x, py) =>
        stepNode(step, momentOf(j.at, j.elapsed).state(step), said, isCurrent(step), [
          rect(x, py - 9.5, w, 19, 9.5, `pill ${cls} ${step.outcome === "raised" ? "err" : ""}`),
          phrase(x + 7, py + 4.2, "start", shown, `pt ${cls}`),
        ]),
    };
  }

  function diamond(step: Step): Pill {
    return {
      w: 10,
      draw: (x, py) =>
        stepNode(step, momentOf(j.at, j.elapsed).state(step), `signal ${step.name}`, isCurrent(step), [
          beadShape(step, x + 5, py),
        ]),
    };
  }

  function linkOf(shown: string, trace: string): Pill {
    const w = measure(`${shown} ↗`, FONT.pill) + 14;
    return {
      w,
      draw: (x, py) => ({
        el: "link",
        key: `link:${trace}`,
        trace,
        label: `request inside: ${shown}`,
        shapes: [
          rect(x, py - 9.5, w, 19, 9.5, "pill req"),
          phrase(x + 7, py + 4.2, "start", `${shown} ↗`, "pt req"),
        ],
      }),
    };
  }

  function place(placed: Placed, side: "left" | "right" | "center", cy: number, from = 0): void {
    const { chip, name } = placed;
    const ghost = chip.state === "pending" || chip.state === "skipped";
    const running = j.trace.state === "running" || selected === null;
    const current =
      isCurrent(chip.step) ||
      (selected === null && running && chip.state === "running" && !chip.half && !AROUND.has(chip.stage));
    // Where one of its pills is, so is the wire.
    const here = current || (!chip.half && chip.pills.some(isCurrent));
    const prefix = prefixOf(chip);
    const w = placed.w + (prefix === "" ? 0 : measure(prefix, FONT.kind) + 6);
    const x = side === "left" ? XL + 17 : side === "right" ? XR - 17 - w : from;
    const wireX = side === "left" ? XL : side === "right" ? XR : x + w / 2;
    const tone = ghost
      ? "ghost"
      : current
        ? "cur"
        : chip.state === "raised"
          ? "err"
          : chip.state === "short_circuit"
            ? "short"
            : chip.stage === "error_handler"
              ? "eh"
              : chip.folded.length > 0
                ? "fold"
                : "";

    // Pills stand towards the middle.
    const pillNodes: Shape[] = [];
    const toLeft = side === "right";
    let edge = side === "center" ? x + 10 : toLeft ? x - 8 : x + w + 8;
    const pillY = side === "center" ? cy + chipHeight / 2 + 13 : cy;
    const put = (pill: Pill): void => {
      pillNodes.push(pill.draw(toLeft ? edge - pill.w : edge, pillY));
      edge += (pill.w + 6) * (toLeft ? -1 : 1);
    };
    const again = chip.again;
    if (again !== null)
      put(
        pillOf(
          again,
          momentOf(j.at, j.elapsed).state(again) === "raised" ? "bad" : "aft",
          `again ${time(spent(again))}`,
          `${chip.kind} ${chip.name}, the second time: ${momentOf(j.at, j.elapsed).state(again)}`,
        ),
      );
    if (!ghost || chip.note !== "") for (const pill of placed.pills) put(pill);
    if (placed.fold !== null && !ghost) {
      const { key, steps, open } = placed.fold;
      const more = open ? "−" : `+${Math.max(steps.length, 1)}`;
      const fw = measure(more, FONT.pill) + 14;
      put({
        w: fw,
        draw: (fx, fy) => ({
          el: "fold",
          key,
          steps: open ? [] : steps,
          open,
          label: `${steps.length} more steps inside ${chip.name}`,
          shapes: [
            rect(fx, fy - 9.5, fw, 19, 9.5, "pill more"),
            phrase(fx + fw / 2, fy + 4.2, "middle", more, "pt"),
          ],
        }),
      });
    }
    placed.rows.forEach((row, index) => {
      let rowX = XL + 34;
      for (const pill of row) {
        pillNodes.push(pill.draw(rowX, cy + chipHeight / 2 + 14 + index * PILL_ROW));
        rowX += pill.w + 6;
      }
    });
    if (chip.note !== "" && !ghost) {
      const wide = measure(chip.note, FONT.pill) + 2;
      pillNodes.push(
        phrase(
          toLeft ? edge - 2 : edge + 2,
          pillY + 4.2,
          toLeft ? "end" : "start",
          chip.note,
          chip.note.includes("client") ? "tag err" : "tag thr",
        ),
      );
      edge += (wide + 6) * (toLeft ? -1 : 1);
    }

    const point: Point = {
      x: wireX,
      y: cy,
      left: toLeft ? Math.min(x, edge + 6) : x,
      right: toLeft ? x + w : side === "center" ? x + w : Math.max(x + w, edge - 6),
    };
    at.set(chip.key, point);
    for (const each of chip.folded) at.set(each.key, point);
    if (again !== null) sheet.again.set(chip.key, { ...point, x: XR + 11 });
    if (chip.hidden) return;

    const shapes: Shape[] = [
      rect(x, cy - chipHeight / 2, w, chipHeight, 7, `chip ${tone}`),
      prefix === ""
        ? words(x + 10, cy + 4.5, "start", { text: chip.kind, cls: "k" }, { text: name, cls: "f", dx: 7 })
        : words(
            x + 10,
            cy + 4.5,
            "start",
            { text: prefix, cls: `k bp${((chip.hue - 1) % HUES) + 1}` },
            { text: chip.kind, cls: "k", dx: 6 },
            { text: name, cls: "f", dx: 7 },
          ),
    ];
    const dots: Shape[] = [];
    if (side !== "center") {
      const failed = chip.dot === null ? chip.state : momentOf(j.at, j.elapsed).state(chip.dot);
      if (here) dots.push(circle(wireX, cy, 20, "halo"));
      dots.push(
        circle(
          wireX,
          cy,
          6.5,
          `dot ${ghost ? "ghost" : failed === "raised" || chip.state === "raised" ? "err" : chip.state === "short_circuit" ? "short" : side === "left" ? "in" : "out"}`,
        ),
      );
      if (again !== null)
        dots.push(
          circle(
            XR + 11,
            cy,
            5,
            `dot ${momentOf(j.at, j.elapsed).state(again) === "raised" ? "err" : "out"}`,
          ),
        );
      if (here) dots.push(circle(wireX, cy, 11, "ring"));
      if (chip.state === "skipped" && chip.folded.length === 0)
        shapes.push(
          phrase(
            side === "left" ? X0 - 10 : X1 + 10,
            cy + 4.5,
            side === "left" ? "end" : "start",
            "skipped",
            "skip",
          ),
        );
      else if (!ghost && chip.own) bars.push({ side, y: cy, ns: chip.own, sent: chip.stage === "body" });
    }
    if (chip.folded.length > 0) {
      const steps = chip.folded.flatMap((each) => (each.step === null ? [] : [each.step.id]));
      const open = chip.name === `${chip.folded.length} hooks`;
      nodes.push({
        el: "fold",
        key: chip.key,
        steps: open ? [] : steps,
        open,
        label: `${chip.kind} ${chip.name}`,
        shapes: [...shapes, ...(open ? [] : dots)],
      });
      return;
    }
    const shortened = name === chip.name ? {} : { title: chip.name.slice(0, LONGEST_TITLE) };
    const own = {
      el: "node" as const,
      key: chip.key,
      step: chip.half ? null : (chip.step?.id ?? null),
      ...(chip.half && chip.step !== null ? { of: chip.step.id } : {}),
      stage: chip.stage,
      state: chip.state,
      label: label(chip).slice(0, LONGEST_TITLE),
      ...shortened,
      current,
    };
    if (chip.dot === null) nodes.push({ ...own, shapes: [...shapes, ...dots] });
    else
      nodes.push(
        { ...own, shapes },
        stepNode(
          chip.dot,
          momentOf(j.at, j.elapsed).state(chip.dot),
          `pop ${chip.dot.name}`,
          isCurrent(chip.dot),
          dots,
        ),
      );
    nodes.push(...pillNodes);
  }

  /** Signals, and what else has no chip, stand on the wire where they came. */
  function drawBeads(): void {
    const columns: Record<"left" | "right", number[]> = { left: [], right: [] };
    for (const point of at.values())
      if (point.x === XL) columns.left.push(point.y);
      else if (point.x === XR) columns.right.push(point.y);
    const on = (step: Step, x: number, by: number): void => {
      front.push(
        stepNode(step, momentOf(j.at, j.elapsed).state(step), `${step.stage} ${step.name}`, isCurrent(step), [
          circle(x, by, 8, isCurrent(step) ? "ring" : "hit"),
          beadShape(step, x, by),
        ]),
      );
    };
    const shown = [...bands.flatMap((band) => [...band.left, ...band.right]), j.dispatch, j.response];
    for (const chip of shown) {
      const point = at.get(chip.key);
      if (point === undefined || chip.beads.length === 0) continue;
      const left = point.x === XL;
      const again = chip.again;
      const before =
        again === null
          ? []
          : chip.beads.filter((step) => step.begin < again.begin && chip.state === "raised");
      before.forEach((step, index) => {
        on(step, point.left - 16 - index * 13, point.y);
      });
      const next = left
        ? Math.min(...columns.left.filter((each) => each > point.y), axes.view?.y ?? turnY + 50)
        : Math.max(...columns.right.filter((each) => each < point.y), sheet.topY - 8);
      const from = point.y + (left ? 1 : -1) * 11;
      const span = next - from - (left ? 1 : -1) * 11;
      const fit = Math.max(1, Math.floor(Math.abs(span) / 11) + 1);
      const rest = chip.beads.filter((step) => !before.includes(step));
      rest.forEach((step, index) => {
        const row = index % fit;
        const many = Math.min(fit, rest.length);
        const out = Math.floor(index / fit) * 12 * (left ? -1 : 1);
        on(step, point.x + out, from + (span * (row + 0.5)) / many);
      });
    }
    for (const chip of j.handlers) {
      const point = at.get(chip.key);
      if (point)
        chip.beads.forEach((step, index) => {
          on(step, point.right + 16 + index * 13, point.y);
        });
    }
    for (const ribbon of [j.view, j.body]) {
      const axis = ribbon === null ? null : axes[ribbon.key];
      if (ribbon === null || axis === null) continue;
      ribbon.after.forEach((step, index) => {
        const ofBody = ribbon.key === "body";
        if (ofBody && axis.cut) on(step, axis.end + 24 + index * 13, axis.y);
        else if (ofBody) on(step, XR, axis.y - 24 - index * 12);
        else if (ribbon.error === null) on(step, XR - 30 - index * 13, axis.y);
        else if (j.handlers.length > 0) on(step, axis.end, axis.y - 24 - index * 13);
        else on(step, axis.end + 24 + index * 13, axis.y);
      });
    }
  }

  function drawHead(): void {
    const code = j.moving ? 0 : j.trace.error === null ? (j.trace.status ?? 0) : 500;
    const big = `700 20px ui-monospace, monospace`;
    const status =
      j.websocket !== null ? "upgraded to a websocket" : j.moving ? "…" : ellipsize(j.status, 30);
    const took = j.websocket ?? (j.moving ? `in flight ${time(j.total)}` : time(j.total));
    const body = j.bytes === null ? "" : `${size(j.bytes)} `;
    const beside =
      j.websocket !== null
        ? ""
        : j.sent > 0
          ? ` in the app · ${body}${j.moving ? "sending for" : "sent in"} ${time(j.sent)}`
          : " in the app";
    const whole = `${j.trace.method} ${j.trace.path}${j.trace.query === "" ? "" : `?${j.trace.query}`}`;
    // The key gives way to the path, and so does the reason, which start_response has as well.
    const endOf = (said: string): number =>
      X1 -
      measure(said, big) -
      14 -
      measure(`${took}${beside}`, "650 14px ui-sans-serif, system-ui, sans-serif");
    const heads = [
      { said: status, keyed: true },
      { said: status, keyed: false },
      { said: /^\d{3}(?= )/.exec(status)?.[0] ?? status, keyed: false },
    ] as const;
    const roomOf = ({ said, keyed }: (typeof heads)[number]): number =>
      endOf(said) - X0 - (keyed ? KEY + 40 : 24);
    const head =
      heads.find((each) => measure(ellipsize(whole, LONGEST_HEAD), big) <= roomOf(each)) ?? heads[1];
    const right = endOf(head.said);
    const title = fitted(whole, big, roomOf(head), measure, LONGEST_HEAD);
    const left = X0 + measure(title, big);
    const key = Math.min(Math.max((left + right) / 2, left + KEY / 2 + 12), right - KEY / 2 - 12) - KEY / 2;
    front.push(
      rect(X0, 8, left - X0, 26, 0, "hit", title === whole ? undefined : whole.slice(0, LONGEST_TITLE)),
      phrase(X0, 28, "start", title, "big"),
      words(
        X1,
        28,
        "end",
        { text: head.said, cls: `big s${Math.floor(code / 100)}` },
        { text: took, cls: "bigs own", dx: 14 },
        { text: beside, cls: "bigs" },
      ),
      line(d`M${XL - 7} ${sheet.topY - 4}h14l-7 10z`, "mk in"),
    );
    if (head.keyed)
      front.push(
        line(d`M${key + 5} 18l5 5l-5 5l-5-5z`, "sig"),
        phrase(key + 16, 27.5, "start", "signal", "keyt"),
        rect(key + 65, 16, 20, 14, 4, "chip ghost"),
        phrase(key + 91, 27.5, "start", "not run", "keyt"),
      );
    if (j.trace.parent !== null)
      front.push({
        el: "link",
        key: "parent",
        trace: j.trace.parent,
        label: "the request in which this one ran",
        shapes: [
          rect(XL + 18, 36, 118, 18, 9, "pill req"),
          phrase(XL + 77, 49, "middle", "↖ inside another", "pt req"),
        ],
      });
    if (j.trace.dropped_steps > 0)
      front.push(
        phrase(
          XR - 16,
          44,
          "end",
          `${j.trace.dropped_steps.toLocaleString("en")} more steps were not kept`,
          "tag short",
        ),
      );
  }

  /** Butterfly gutters: each step's own time. */
  function drawGutters(): void {
    const most = Math.max(1, ...bars.map((bar) => (bar.sent ? 0 : bar.ns)));
    for (const bar of bars) {
      if (bar.sent) {
        nodes.push(phrase(X1 + 14, bar.y + 4, "start", time(bar.ns), "bd"));
        continue;
      }
      const w = Math.max(1.5, (bar.ns / most) * 36);
      const share = j.total > 0 ? bar.ns / j.total : 0;
      const heat = share > 0.25 ? "hot" : share > 0.03 ? "warm" : "";
      const left = bar.side === "left";
      const edge = left ? X0 - 8 : X1 + 8;
      nodes.push(
        rect(left ? edge - w : edge, bar.y - 6, w, 12, 2, `bar ${heat}`),
        phrase(
          left ? edge - w - 6 : edge + w + 6,
          bar.y + 4,
          left ? "end" : "start",
          time(bar.ns),
          `bd ${heat}`,
        ),
      );
    }
    const top = (bandTops[0] ?? HEAD) + 1;
    front.push(
      phrase(X0 - 10, top, "end", "step time", "gh"),
      phrase(X1 + 10, top, "start", "step time", "gh"),
    );
  }
}

const PILL_NAMES: Readonly<Record<string, string>> = {
  template: "",
  context_processor: "context ",
  url_defaults: "url_defaults ",
  middleware: "",
};
