/** The pills of a chip: what ran inside it, what it changed, and the requests made inside it. */

import type { Step, TraceSummary } from "../../api/types";
import { time } from "../../trace/format";
import { COLLECTED, spent } from "../../trace/steps";
import { ellipsize } from "../../trace/text";
import { isStatement, word } from "../../trace/transactions";
import type { Chip } from "../model/types";
import { changeTexts } from "./changes";
import { GEOMETRY } from "./geometry";
import { beadShape, stepNode } from "./nodes";
import { widthOf, type Scene } from "./scene";
import { phrase, rect, type Shape } from "./shapes";

const { height: HEIGHT, padding: PADDING, gap: GAP } = GEOMETRY.pill;
const LONGEST_NAME = 18;
const LONGEST_PATH = 24;

/** The prefix of a name, by stage. */
const PREFIXES: Readonly<Record<string, string>> = {
  context_processor: "context ",
  url_defaults: "url_defaults ",
};
const AROUND: ReadonlySet<string> = new Set(["wsgi", "middleware", "dispatch"]);

export type Pill = { readonly w: number } & (
  | {
      readonly kind: "step";
      readonly step: Step;
      readonly cls: string;
      readonly text: string;
      readonly label: string;
    }
  | { readonly kind: "signal"; readonly step: Step }
  | { readonly kind: "link"; readonly trace: string; readonly text: string }
  | { readonly kind: "change"; readonly text: string }
  | {
      readonly kind: "fold";
      readonly key: string;
      readonly steps: readonly number[];
      readonly open: boolean;
      readonly text: string;
      readonly label: string;
    }
);

/** The pills that fit, and the others: folded, or in their own rows. */
export interface PillRow {
  readonly pills: readonly Pill[];
  readonly fold: { readonly key: string; readonly steps: readonly number[]; readonly open: boolean } | null;
  readonly rows: readonly (readonly Pill[])[];
}

/** Arrange a chip's pills in the width beside it, or in rows of the given width. */
export function arrangePills(scene: Scene, chip: Chip, room: number, rowWidth: number): PillRow {
  const all = pillsOf(scene, chip, room);
  if (totalWidth(all) <= Math.max(0, room)) return { pills: all, fold: null, rows: [] };
  let kept = all.length;
  while (kept > 0 && totalWidth(all.slice(0, kept)) + 40 > room) kept -= 1;
  const rest = all.slice(kept);
  const key = `pills:${chip.key}`;
  // Statements are one pill for all, which has no step of its own to be unfolded.
  const steps = rest.flatMap((pill) =>
    pill.kind === "signal" || (pill.kind === "step" && pill.cls !== "sql") ? [pill.step.id] : [],
  );
  const open = scene.opened.has(key) || steps.some((id) => id === scene.space.selected);
  return {
    pills: all.slice(0, kept),
    fold: { key, steps, open },
    rows: open ? inRows(rest, rowWidth) : [],
  };
}

function totalWidth(pills: readonly Pill[]): number {
  return pills.reduce((sum, pill) => sum + pill.w + GAP, 0);
}

function inRows(pills: readonly Pill[], width: number): readonly (readonly Pill[])[] {
  const rows: Pill[][] = [];
  let used = Infinity;
  for (const pill of pills) {
    if (used + pill.w > width) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)?.push(pill);
    used += pill.w + GAP;
  }
  return rows;
}

function pillsOf(scene: Scene, chip: Chip, room: number): readonly Pill[] {
  const { moment } = scene;
  const statements = statementPill(scene, chip);
  const others = chip.pills
    .filter((step) => !COLLECTED.has(step.stage) && moment.state(step) !== "pending")
    .map((step) => otherPill(scene, step));
  const links = chip.inner.map((inner) => linkPill(scene, inner, room)).reverse();
  const pills = [...links, ...(statements === null ? [] : [statements]), ...others];
  const change = changePill(scene, chip, room - totalWidth(pills));
  return change === null ? pills : [...pills, change];
}

/** One pill for all its statements, which links to the slowest. */
function statementPill(scene: Scene, chip: Chip): Pill | null {
  const { moment } = scene;
  const sql = chip.pills.filter((step) => step.stage === "sql");
  const [first] = sql;
  if (first === undefined || moment.state(first) === "pending") return null;
  const slowest = sql.reduce((most, step) => (spent(step) > spent(most) ? step : most), first);
  const count = sql.filter(isStatement).length;
  const name = count === 0 ? word(slowest) : count === 1 ? "SQL" : `${count} SQL`;
  const total = sql.reduce((sum, step) => sum + moment.lasted(step), 0);
  const label = `${sql.length} × SQL, ${slowest.name}`;
  return stepPill(scene, slowest, "sql", `${name} ${time(total)}`, label);
}

function otherPill(scene: Scene, step: Step): Pill {
  if (step.stage === "signal") return { kind: "signal", step, w: 10 };
  const cls = step.stage === "template" ? "tpl" : "ctx";
  const name = `${PREFIXES[step.stage] ?? ""}${ellipsize(step.name, LONGEST_NAME)}`;
  const text = `${name} ${time(scene.moment.lasted(step))}`;
  return stepPill(scene, step, cls, text, `${step.stage} ${step.name}`);
}

/** With the request, shortened to fit. */
function linkPill(scene: Scene, inner: TraceSummary, room: number): Pill {
  const answer = inner.status?.toString() ?? "…";
  const texts = [
    `${inner.method} ${ellipsize(inner.path, LONGEST_PATH)} ${answer}`,
    `${inner.method} ${answer}`,
    answer,
  ];
  const [longest, short, shortest] = texts.map((text): Pill => {
    const w = widthOf(scene, `${text} ↗`, "pill") + 2 * PADDING;
    return { kind: "link", trace: inner.id, text, w };
  }) as [Pill, Pill, Pill];
  return [longest, short].find((pill) => pill.w + 10 <= room) ?? shortest;
}

/** Its changes, in the longest text that fits. */
function changePill(scene: Scene, chip: Chip, room: number): Pill | null {
  const { step, half, stage, state } = chip;
  if (step === null || half || AROUND.has(stage) || state === "running") return null;
  if (scene.moment.state(step) === "pending") return null;
  const text = changeTexts(step.detail["changes"]).find((each) => widthOf(scene, each, "pill") + 10 <= room);
  return text === undefined ? null : { kind: "change", text, w: widthOf(scene, text, "pill") + 4 };
}

export function stepPill(scene: Scene, step: Step, cls: string, text: string, label: string): Pill {
  return { kind: "step", step, cls, text, label, w: widthOf(scene, text, "pill") + 2 * PADDING };
}

/** The pill that expands and collapses pills that do not fit. */
export function foldPill(scene: Scene, chip: Chip, fold: NonNullable<PillRow["fold"]>): Pill {
  const { steps, open } = fold;
  const text = open ? "−" : `+${Math.max(steps.length, 1)}`;
  const label = `${steps.length} more steps inside ${chip.name}`;
  return { kind: "fold", ...fold, text, label, w: widthOf(scene, text, "pill") + 2 * PADDING };
}

/** Draw a pill from its left edge, around a height. */
export function drawPill(scene: Scene, pill: Pill, x: number, y: number): Shape {
  switch (pill.kind) {
    case "step": {
      const raised = pill.step.outcome === "raised" ? "err" : "";
      return stepNode(scene, pill.step, pill.label, [
        pillRect(x, y, pill.w, `${pill.cls} ${raised}`),
        phrase(x + PADDING, y + 4.2, "start", pill.text, `pt ${pill.cls}`),
      ]);
    }
    case "signal":
      return stepNode(scene, pill.step, `signal ${pill.step.name}`, [beadShape(pill.step, x + 5, y)]);
    case "link":
      return {
        el: "link",
        key: `link:${pill.trace}`,
        trace: pill.trace,
        label: `request inside: ${pill.text}`,
        shapes: [
          pillRect(x, y, pill.w, "req"),
          phrase(x + PADDING, y + 4.2, "start", `${pill.text} ↗`, "pt req"),
        ],
      };
    case "change":
      return phrase(x + 2, y + 4.2, "start", pill.text, "changed");
    case "fold":
      return {
        el: "fold",
        key: pill.key,
        steps: pill.open ? [] : pill.steps,
        open: pill.open,
        label: pill.label,
        shapes: [pillRect(x, y, pill.w, "more"), phrase(x + pill.w / 2, y + 4.2, "middle", pill.text, "pt")],
      };
  }
}

export function pillRect(x: number, y: number, w: number, cls: string): Shape {
  return rect(x, y - HEIGHT / 2, w, HEIGHT, HEIGHT / 2, `pill ${cls}`);
}
