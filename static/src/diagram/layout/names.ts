/** What a chip says of its step, beside its name. */

import { time } from "../../trace/format";
import { ellipsize } from "../../trace/text";
import type { Chip } from "../model/types";
import type { Scene } from "./scene";

const LONGEST_PREFIX = 28;
const LONGEST_PACKAGE = 24;

/** A pending or skipped chip is drawn in outline. */
export function isGhost({ state }: Chip): boolean {
  return state === "pending" || state === "skipped";
}

/** The kinds that are shorter where there is little room; those that the band's name says are left out. */
const NARROW: Readonly<Record<string, string>> = {
  before_request: "",
  after_request: "",
  "teardown, pop": "pop",
  "match URL": "match",
  make_response: "",
};

/** For a request that has not gone on for a while, in ns. */
export function waitingFor(ns: number): string {
  return `waiting for ${time(ns)}`;
}

/** With little room, `errorhandler(404)` is what it is for. */
export function handlerKind({ columns }: Scene, kind: string): string {
  return columns.narrow ? shortKind(kind) : kind;
}

export function kindOf({ columns }: Scene, { kind }: Chip): string {
  return columns.narrow ? shortKind(kind) : kind;
}

export function shortKind(kind: string): string {
  return NARROW[kind] ?? kind.replace(/^errorhandler\((.*)\)$/, "$1");
}

/** The scope of a handler: those of blueprints and of the app are beside each other. */
export function prefixOf({ journey }: Scene, chip: Chip): string {
  if (chip.stage !== "error_handler" || chip.hue === 0) return "";
  return ellipsize(journey.trace.blueprints[chip.hue - 1] ?? "", LONGEST_PREFIX);
}

/** The package that a function is from, if it is not the app's own code. */
export function packageOf(chip: Chip): string {
  return chip.package === null ? "" : `\u00a0· ${ellipsize(chip.package, LONGEST_PACKAGE)}`;
}
