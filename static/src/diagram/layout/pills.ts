/** The pills of a chip: what ran inside it, what it changed, and the requests made inside it. */

import type { Step, TraceSummary } from "../../api/types";
import { grouped, plural, time } from "../../trace/format";
import { COLLECTED, spent } from "../../trace/steps";
import { ellipsize } from "../../trace/text";
import { isStatement, word } from "../../trace/transactions";
import type { Chip, NoteTone } from "../model/types";
import { changedNames, changeTexts } from "./changes";
import { GEOMETRY } from "./geometry";
import { isGhost } from "./names";
import { isCurrent, isReplayed, widthOf, type Scene } from "./scene";

const { padding: PADDING } = GEOMETRY.pill;
const LONGEST_NAME = 18;
const LONGEST_PATH = 24;
const LONGEST_NOTE = 160;
const VISIBLE_SHARE = 0.03;

/** The prefix of a name, by stage. */
const PREFIXES: Readonly<Record<string, string>> = {
  context_processor: "context ",
  url_defaults: "url_defaults ",
};
const AROUND: ReadonlySet<string> = new Set(["wsgi", "middleware", "dispatch"]);

/** How much of a chip is shown. */
export interface Detail {
  /** Which of the texts of its changes: the first is the longest, after the last there is none. */
  readonly changes: number;
  readonly package: boolean;
  /** Whether its pills say their time, and those of requests inside their path. */
  readonly times: boolean;
  /** Whether its own time is beside it, where there are no gutters. */
  readonly own: boolean;
  /** How many of its pills are not folded. */
  readonly pills: number;
  /** The length of its note, and that of its name. */
  readonly note: number;
  readonly letters: number;
}

export type Pill = { readonly w: number } & (
  | {
      readonly kind: "step";
      readonly step: Step;
      readonly cls: string;
      readonly text: string;
      readonly label: string;
    }
  | { readonly kind: "signal"; readonly step: Step }
  | {
      readonly kind: "link";
      readonly trace: string;
      readonly text: string;
      /** Whether it leads to the request around this one. */
      readonly outwards?: boolean;
    }
  /** Text without a border: what a function changed, how long it took, or a note. */
  | { readonly kind: "change"; readonly text: string; readonly all?: string }
  | { readonly kind: "note"; readonly text: string; readonly tone: NoteTone }
  | {
      readonly kind: "fold";
      readonly key: string;
      readonly steps: readonly number[];
      readonly open: boolean;
      readonly text: string;
      readonly label: string;
    }
);

/** The pills beside a chip, and those of an open fold in their own rows. */
export interface PillRow {
  readonly pills: readonly Pill[];
  readonly rows: readonly (readonly Pill[])[];
}

/** All pills of a chip, in as much detail as there is room for. */
export function pillsOf(scene: Scene, chip: Chip, detail: Detail): readonly Pill[] {
  const { moment } = scene;
  const { times, changes } = detail;
  const again = chip.again === null ? [] : [againPill(scene, chip, chip.again)];
  const says = chip.note !== "" && detail.note > 0 && !(scene.columns.narrow && chip.noteTone === "plain");
  const note = !says ? [] : [notePill(scene, cutTo(chip.note, detail.note), chip.noteTone)];
  if (isGhost(chip)) return again;
  const statements = statementPill(scene, chip, times);
  const others = chip.pills
    .filter((step) => !COLLECTED.has(step.stage) && moment.state(step) !== "pending")
    .map((step) => otherPill(scene, step, times));
  const links = chip.inner.map((inner) => linkPill(scene, inner, times)).reverse();
  const change = changePill(scene, chip, changes);
  return [
    ...again,
    ...(chip.key === "receive" ? contextPills(scene) : []),
    ...links,
    ...(statements === null ? [] : [statements]),
    ...others,
    ...(detail.own ? timePill(scene, chip) : []),
    ...note,
    ...(change === null ? [] : [change]),
  ];
}

/** The request inside which it ran, and how much of it was not kept. */
function contextPills(scene: Scene): readonly Pill[] {
  const { parent, dropped_steps: dropped } = scene.journey.trace;
  const text = "inside another";
  const w = widthOf(scene, `↖ ${text}`, "pill") + 2 * PADDING;
  return [
    ...(parent === null ? [] : [{ kind: "link", trace: parent, text, w, outwards: true } as const]),
    ...(dropped > 0 ? [notePill(scene, `${grouped(dropped)} more steps were not stored`, "short")] : []),
  ];
}

/**
 * Without gutters, the time of a step is beside its chip, if it takes a visible part of the whole: in a
 * replay, of all that it will be, as there is no room for more.
 */
export function showsTime({ columns, journey }: Scene, { own, stage }: Chip): boolean {
  return columns.narrow && own !== null && stage !== "body" && own >= journey.total * VISIBLE_SHARE;
}

function timePill(scene: Scene, { own, stage }: Chip): readonly Pill[] {
  return own !== null && own > 0 && stage !== "body" ? [plainPill(scene, time(own))] : [];
}

/** One pill for all its statements, which links to the slowest. */
function statementPill(scene: Scene, chip: Chip, timed: boolean): Pill | null {
  const { moment } = scene;
  const sql = chip.pills.filter((step) => step.stage === "sql" && moment.begun(step));
  const [first] = sql;
  if (first === undefined) return null;
  const slowest = sql.reduce((most, step) => (spent(step) > spent(most) ? step : most), first);
  const count = sql.filter(isStatement).length;
  const name = count === 0 ? word(slowest) : count === 1 ? "SQL" : `${count} SQL`;
  const total = sql.reduce((sum, step) => sum + moment.lasted(step), 0);
  const label = `${sql.length} × SQL, ${slowest.name}`;
  const shown = sql.find((step) => isCurrent(scene, step)) ?? slowest;
  return stepPill(scene, shown, "sql", timed ? `${name} ${time(total)}` : name, label);
}

function otherPill(scene: Scene, step: Step, timed: boolean): Pill {
  if (step.stage === "signal") return { kind: "signal", step, w: 10 };
  const cls = step.stage === "template" ? "tpl" : "ctx";
  const name = `${PREFIXES[step.stage] ?? ""}${ellipsize(step.name, LONGEST_NAME)}`;
  const text = timed ? `${name} ${time(scene.moment.lasted(step))}` : name;
  return stepPill(scene, step, cls, text, `${step.stage} ${step.name}`);
}

/** With the request, or with little room its status alone. */
function linkPill(scene: Scene, inner: TraceSummary, whole: boolean): Pill {
  const answer = inner.status?.toString() ?? "…";
  const text = whole ? `${inner.method} ${ellipsize(inner.path, LONGEST_PATH)} ${answer}` : answer;
  const w = widthOf(scene, `${text} ↗`, "pill") + 2 * PADDING;
  return { kind: "link", trace: inner.id, text, w };
}

/** The changes of a chip's step, in texts of decreasing length. */
export function changesOf({ step, half, stage, state }: Chip): readonly string[] {
  if (step === null || half || AROUND.has(stage) || state === "running" || state === "pending") return [];
  return changeTexts(step.detail["changes"]);
}

function changePill(scene: Scene, chip: Chip, index: number): Pill | null {
  const text = changesOf(chip)[index];
  if (text === undefined) return null;
  const all = changedNames(chip.step?.detail["changes"]).join(", ");
  return {
    kind: "change",
    text,
    all,
    w: widthOf(scene, text, "change"),
  };
}

/** What a note goes without before it is cut. */
const CONSEQUENCE =
  /(?:: view skipped| until dispatch|: the exception is the response|: Flask answers 500.*)$/;

/** Shortened at its end, as a sentence is. */
function cutTo(text: string, longest: number): string {
  const letters = Array.from(ellipsize(text, LONGEST_NOTE));
  if (letters.length <= longest) return letters.join("");
  const shorter = text.replace(CONSEQUENCE, "");
  return shorter.length <= longest ? shorter : `${letters.slice(0, longest).join("").trimEnd()}…`;
}

function plainPill(scene: Scene, text: string): Pill {
  return { kind: "change", text, w: widthOf(scene, text, "change") };
}

/** What a short-circuit returned has a border, as it is where another way begins. */
function notePill(scene: Scene, text: string, tone: NoteTone): Pill {
  const w = tone === "short" ? widthOf(scene, text, "pill") + 2 * PADDING : widthOf(scene, text, "note");
  return { kind: "note", text, tone, w };
}

function againPill(scene: Scene, chip: Chip, again: Step): Pill {
  const state = scene.moment.state(again);
  const label = `${chip.kind} ${chip.name}, the second time: ${state}`;
  return stepPill(scene, again, state === "raised" ? "bad" : "aft", `again ${time(spent(again))}`, label);
}

function stepPill(scene: Scene, step: Step, cls: string, text: string, label: string): Pill {
  return { kind: "step", step, cls, text, label, w: widthOf(scene, text, "pill") + 2 * PADDING };
}

/** The pill that expands and collapses pills that do not fit. */
export function foldOf(scene: Scene, chip: Chip, rest: readonly Pill[]): Extract<Pill, { kind: "fold" }> {
  const key = `pills:${chip.key}`;
  const steps = rest.flatMap((pill) =>
    pill.kind === "signal" || pill.kind === "step" ? [pill.step.id] : [],
  );
  const isInside = !isReplayed(scene) && steps.some((id) => id === scene.space.selected);
  const open = scene.opened.has(key) || isInside;
  const text = open ? "−" : `+${steps.length}`;
  const label = `${plural(steps.length, "more step")} inside ${chip.name}`;
  return { kind: "fold", key, steps, open, text, label, w: widthOf(scene, text, "pill") + 2 * PADDING };
}
