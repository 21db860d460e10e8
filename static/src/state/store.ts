/** The signal with the state, the function that changes it, and derived values. */

import { computed, signal, type ReadonlySignal } from "@preact/signals";

import { parse } from "../trace/filter";
import { sendersOf } from "../trace/links";
import type { Step, TraceSummary } from "../api/types";
import { find } from "./request";
import { listed } from "./runs";
import { sieve } from "./sieve";
import { EMPTY, type State } from "./state";

type Listener = (next: State, before: State) => void;

const held = signal<State>(EMPTY);
const listeners: Listener[] = [];
/** The changes that the listeners are still to be told of. */
const changes: Parameters<Listener>[] = [];

export const state: ReadonlySignal<State> = held;
/** The page's clock, ms; it ticks while a request runs. */
export const now = signal(performance.now());

export function change(how: (state: State) => State): void {
  const before = held.peek();
  const next = how(before);
  if (next === before) return;
  held.value = next;
  // A listener may change the state as well: all of them learn of this change first.
  if (changes.push([next, before]) > 1) return;
  try {
    for (const each of changes) for (const listener of listeners) listener(...each);
  } finally {
    changes.length = 0;
  }
}

/** Show an error to the user; null removes it. */
export function notice(text: string | null): void {
  change((before) => ({ ...before, notice: text }));
}

/** Subscribe to changes. */
export function onChange(listener: Listener): void {
  listeners.push(listener);
}

/** One field of the state: it changes only when that field does. */
export function field<Name extends keyof State>(name: Name): ReadonlySignal<State[Name]> {
  return computed(() => state.value[name]);
}

const [traces, earlier, process, filter] = [
  field("traces"),
  field("earlier"),
  field("process"),
  field("filter"),
];
/** Its problem comes with each message, as an object of its own. */
const hasHistory = computed(() => state.value.history !== null);
/** All requests but imported ones, newest first. */
export const all = computed(() =>
  listed({
    traces: traces.value,
    earlier: earlier.value,
    process: process.value,
    history: hasHistory.value ? { problem: null, kept: null } : null,
  }),
);
/** Whether these are requests of several apps. */
export const hasApps = computed(() => {
  const first = all.value[0]?.process.app;
  return all.value.some(({ process }) => process.app !== first);
});
/** The senders of those that came from others of them. */
export const senders = computed(() => sendersOf(all.value));
/** The request that sent another one, and its step; null if it is not here, or no app sent it. */
export function senderOf(id: string): { readonly trace: TraceSummary; readonly step: number | null } | null {
  const sender = senders.value.get(id);
  const trace = find(held.value, sender?.trace ?? null);
  return sender === undefined || trace === undefined ? null : { trace, step: sender.step };
}
/** The request that a step of another one sent; null if it is not here. */
export function becameOf(sender: string, step: Step): TraceSummary | null {
  const named = step.detail["trace"];
  const found = find(held.value, typeof named === "string" ? named : null);
  if (found !== undefined) return found;
  for (const [id, { trace, step: at }] of senders.value)
    if (trace === sender && at === step.id) return find(held.value, id) ?? null;
  return null;
}
const matching = sieve();
/** Those of them that the filter lets through. */
export const visible = computed(() => matching(all.value, filter.value));
const imported = field("imported");
/** The imported requests that it lets through; while it is typed, mostly the same ones. */
export const visibleImported = computed(() => {
  const { matches } = parse(filter.value);
  const found = imported.value.filter(({ trace }) => matches(trace));
  return found.length === imported.value.length ? imported.value : found;
});
