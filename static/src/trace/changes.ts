/** The changes that a function of the app made. */

import type { Json, Step } from "../api/types";
import { isOf } from "./details";

/** One change. */
export interface Change {
  readonly where: "g" | "session" | "status" | "header" | "cookie";
  readonly kind: "added" | "changed" | "removed";
  readonly name: string;
  /** Absent if it was removed. */
  readonly value?: Json;
}

const SIGNS = { added: "+", changed: "~", removed: "−" } as const;

export function signOf(kind: Change["kind"]): string {
  return SIGNS[kind];
}

/** The changes of a step, in the order of g, session, response. */
export function changesOf(step: Step): readonly Change[] {
  const changes = step.detail["changes"];
  if (!isOf(changes)) return [];
  const all: Change[] = [];
  const take = (where: Change["where"], part: Json | undefined): void => {
    if (!isOf(part)) return;
    for (const kind of ["added", "changed"] as const)
      for (const [name, value] of Object.entries(isOf(part[kind]) ? part[kind] : {}))
        all.push({ where, kind, name, value });
    for (const name of Array.isArray(part["removed"]) ? part["removed"] : [])
      all.push({ where, kind: "removed", name: String(name) });
  };
  take("g", changes["g"]);
  take("session", changes["session"]);
  const response = changes["response"];
  if (isOf(response)) {
    const { status, cookies } = response;
    if (Array.isArray(status))
      all.push({ where: "status", kind: "changed", name: String(status[0]), value: status[1] ?? null });
    take("header", response["headers"]);
    if (isOf(cookies)) {
      for (const [name, value] of Object.entries(isOf(cookies["set"]) ? cookies["set"] : {}))
        all.push({ where: "cookie", kind: "added", name, value });
      for (const name of Array.isArray(cookies["deleted"]) ? cookies["deleted"] : [])
        all.push({ where: "cookie", kind: "removed", name: String(name) });
    }
  }
  return all;
}
