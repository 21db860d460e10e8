/** The lanes of a true-time ribbon, and its height. */

import type { Step } from "../../../api/types";
import type { Ribbon } from "../../model/types";
import type { Scene } from "../scene";
import { LINE, messageLines, messageOf, textRoom } from "./message";

export type Lane = "sql" | "tpl" | "span" | "req" | "chunk";

export const LANE_NAMES: Readonly<Record<Lane, string>> = {
  sql: "SQL",
  tpl: "tmpl",
  span: "spans",
  req: "calls",
  chunk: "sent",
};

export const LANE_HEIGHT = 26;
/** The height of a row of brackets, and the maximum number of rows. */
export const BRACKET_HEIGHT = 16;
const MOST_BRACKETS = 3;
/** The height of the view's box: with lanes, with contexts only, with neither, and if it did not run. */
const TITLE = 40;
const BELOW_LANES = 40;
/** The least height of what is crossed out after an exception. */
const NOT_REACHED = 46;
const HEIGHT = { lanes: 128, contexts: 92, plain: 66, body: 102, none: 44 };

export function isOf(lane: Lane): (step: Step) => boolean {
  return ({ stage }) => (stage === "template" ? "tpl" : stage) === lane;
}

/** Decided by the whole step, not by the moment, so that a replay moves nothing. */
export function lanesOf({ key, step, segments, inner }: Ribbon): readonly Lane[] {
  const sent = step?.detail["sent"];
  return [
    ...(["sql", "tpl", "span"] as const).filter((lane) => segments.some(isOf(lane))),
    ...(inner.length > 0 ? ["req" as const] : []),
    ...(key === "body" && Array.isArray(sent) && sent.length > 0 ? ["chunk" as const] : []),
  ];
}

/** The number of bracket rows above its SQL lane. */
export function bracketRows({ segments, brackets }: Ribbon): number {
  if (!segments.some(isOf("sql"))) return 0;
  return Math.min(
    MOST_BRACKETS,
    brackets.reduce((most, each) => Math.max(most, each.row + 1), 0),
  );
}

export function ribbonHeight(scene: Scene, ribbon: Ribbon): number {
  const { step, state, key, contexts } = ribbon;
  if (step === null)
    return scene.journey.trace.state === "running" && state === "pending" ? HEIGHT.lanes : HEIGHT.none;
  const lanes = lanesOf(ribbon).length;
  if (lanes === 0 && ribbon.fault === null)
    return key === "body" ? HEIGHT.body : contexts.length > 0 ? HEIGHT.contexts : HEIGHT.plain;
  const inner = Math.max(lanes * LANE_HEIGHT, ribbon.fault === null ? 0 : NOT_REACHED);
  const above = aboveLanes(scene, ribbon) + bracketRows(ribbon) * BRACKET_HEIGHT;
  const height = above + inner + BELOW_LANES;
  return key === "view" ? Math.max(HEIGHT.lanes, height) : height;
}

/** From the top of a ribbon to its lanes: its title, and the message of an exception. */
export function aboveLanes(scene: Scene, { fault, contexts }: Ribbon): number {
  const lines = fault === null ? 0 : messageLines(messageOf(scene, fault, textRoom(scene.columns))) * LINE;
  return TITLE + lines + (contexts.length > 0 ? 12 : 0);
}
