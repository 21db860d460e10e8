/** Which two requests are compared, and the step of them that is looked at. */

import type { TraceSummary } from "../api/types";
import { find, importedOf } from "./request";
import { ask } from "./backend";
import type { Pairing, State } from "./state";
import { change, notice, state } from "./store";

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

export function setPairing(before: State, compared: Pairing | null): State {
  return { ...before, compared, comparedStep: null, marked: null, stage: false, help: false };
}

/** The older one is A, as its ids tell. */
export function compareTwo(one: string, other: string): void {
  if (one !== other && !areFromFiles(one, other))
    change((before) => setPairing(before, one < other ? { a: [one], b: [other] } : { a: [other], b: [one] }));
}

/** What the server does not have cannot be compared by it, which the user is told. */
function areFromFiles(...ids: readonly string[]): boolean {
  const some = ids.some((id) => importedOf(state.value, id) !== undefined);
  if (some) notice("The server does not have requests from files: compare them in Python, by a.compare(b).");
  return some;
}

/**
 * Compare the selected request with the one that was marked before, or else with the last one like it. If
 * there is none, mark it.
 */
export async function compareSelected(): Promise<void> {
  const { selected, marked } = state.value;
  if (selected === null) return;
  if (marked !== null && marked !== selected) {
    compareTwo(marked, selected);
    return;
  }
  if (areFromFiles(selected)) return;
  const found = await ask<{ readonly id: string | null }>(
    `api/compare/last?like=${encodeURIComponent(selected)}`,
  );
  if (found?.id != null) compareTwo(found.id, selected);
  else change((before) => ({ ...before, marked: marked === selected ? null : selected }));
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
