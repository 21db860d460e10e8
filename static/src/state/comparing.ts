/** Which two requests are compared, and the step of them that is looked at. */

import type { Comparison, Json, TraceSummary } from "../api/types";
import { find, importedOf } from "./request";
import { ask } from "./backend";
import type { Imported, Pairing, State } from "./state";
import { change, state } from "./store";

const BETWEEN = "..";
const RUNS = ".";

/** As in the address: the ids of both sides, of several runs each. */
export function pairingText({ a, b }: Pairing): string {
  return [a, b].map((ids) => ids.join(RUNS)).join(BETWEEN);
}

export function pairingNamed(text: string | null): Pairing | null {
  const [a, b, ...rest] = (text ?? "").split(BETWEEN).map((ids) => ids.split(RUNS).filter((id) => id !== ""));
  return a === undefined || b === undefined || a.length * b.length === 0 || rest.length > 0 ? null : { a, b };
}

/** Where its answer is: a request for each side is taken together with its other runs. */
export function pathOf({ a, b }: Pairing): string {
  const query = new URLSearchParams([
    ...a.map((id) => ["a", id]),
    ...b.map((id) => ["b", id]),
    ["runs", "alike"],
  ]);
  return `api/compare?${query}`;
}

/** The comparison of two requests; the server is given those that it does not have. Null if there is none. */
export async function fetchComparison(pairing: Pairing): Promise<Comparison | null> {
  const [a, b] = [fileOf(pairing.a), fileOf(pairing.b)];
  if (a === undefined && b === undefined) return ask<Comparison>(pathOf(pairing));
  const body = { a: sideIn(pairing.a, a), b: sideIn(pairing.b, b) } as unknown as Json;
  const found = await ask<Comparison>("api/compare", body);
  if (found === null) return null;
  const runs = { a: found.runs.a.map(idHere(a)), b: found.runs.b.map(idHere(b)) };
  return { ...found, a: idHere(a)(found.a), b: idHere(b)(found.b), runs };
}

function fileOf(ids: readonly string[]): Imported | undefined {
  return importedOf(state.value, ids[0] ?? null);
}

/** A side as the server is asked for it: in a file, requests have other ids. */
function sideIn(ids: readonly string[], imported: Imported | undefined): unknown {
  if (imported === undefined) return ids;
  return { recording: imported.recording, ids: ids.map((id) => importedOf(state.value, id)?.id ?? id) };
}

function idHere(of: Imported | undefined): (id: string) => string {
  return (id) =>
    (of &&
      state.value.imported.find((each) => each.recording === of.recording && each.id === id)?.trace.id) ??
    id;
}

export function setPairing(before: State, compared: Pairing | null): State {
  return { ...before, compared, comparedStep: null, marked: null, stage: false, help: false };
}

/** The older one is A, as its ids tell. */
export function compareTwo(one: string, other: string): void {
  if (one === other) return;
  const made = (id: string): string => importedOf(state.value, id)?.id ?? id;
  const [a, b] = made(one) <= made(other) ? [one, other] : [other, one];
  change((before) => setPairing(before, { a: [a], b: [b] }));
}

/**
 * Compare the selected request with the one that was marked before, or else with the last one like it. If
 * there is none, mark it.
 */
export async function compareSelected(): Promise<void> {
  const { selected, marked, recorded, traces } = state.value;
  if (selected === null || (recorded !== null && traces.length < 2)) return;
  if (marked !== null && marked !== selected) {
    compareTwo(marked, selected);
    return;
  }
  const like = await lastLike(selected);
  // Another one may have been picked meanwhile.
  if (state.value.selected !== selected) return;
  if (like !== null) compareTwo(like, selected);
  else change((before) => ({ ...before, marked: marked === selected ? null : selected }));
}

async function lastLike(id: string): Promise<string | null> {
  const imported = importedOf(state.value, id);
  if (imported === undefined)
    return (await ask<Like>(`api/compare/last?like=${encodeURIComponent(id)}`))?.id ?? null;
  const body = sideIn([id], imported) as Json;
  const found = await ask<Like>("api/compare/last", body);
  if (found?.id == null) return null;
  return found.in_file === true ? idHere(imported)(found.id) : found.id;
}

interface Like {
  readonly id: string | null;
  /** Whether it is in the same file. */
  readonly in_file?: boolean;
}

/** End it; the request at which it looked last stays selected. */
export function endComparing(): void {
  change((before) => setPairing(before, null));
}

export function swapPairing(): void {
  change((before) =>
    before.compared === null ? before : setPairing(before, { a: before.compared.b, b: before.compared.a }),
  );
}

export function setSide(side: "a" | "b", id: string): void {
  change((before) =>
    before.compared === null ? before : setPairing(before, { ...before.compared, [side]: [id] }),
  );
}

export function pickComparedStep(comparedStep: number | null): void {
  change((before) => ({ ...before, comparedStep }));
}

/** Go to the next step in the order in which the wires pass them. */
export function walkCompared(order: readonly number[], to: "next" | "previous" | "first" | "last"): void {
  const at = order.indexOf(state.value.comparedStep ?? -1);
  const next = {
    next: at + 1,
    previous: at < 0 ? order.length - 1 : at - 1,
    first: 0,
    last: order.length - 1,
  }[to];
  const step = order[Math.max(0, Math.min(order.length - 1, next))];
  if (step !== undefined) pickComparedStep(step);
}

/** The request that is marked to be compared with another one. */
export function markedOf(of: State): TraceSummary | undefined {
  return find(of, of.marked);
}
