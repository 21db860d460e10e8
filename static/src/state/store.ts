/** The signal with the state, the function that changes it, and derived values. */

import { computed, signal, type ReadonlySignal } from "@preact/signals";

import { matching } from "./request";
import { listed } from "./runs";
import { EMPTY, type State } from "./state";

type Listener = (next: State, before: State) => void;

const held = signal<State>(EMPTY);
const listeners: Listener[] = [];

export const state: ReadonlySignal<State> = held;
/** The page's clock, ms; it ticks while a request runs. */
export const now = signal(performance.now());

export function change(how: (state: State) => State): void {
  const before = held.peek();
  const next = how(before);
  if (next === before) return;
  held.value = next;
  for (const listener of listeners) listener(next, before);
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
/** All requests but imported ones, newest first. */
export const all = computed(() =>
  listed({ traces: traces.value, earlier: earlier.value, process: process.value }),
);
/** Those of them that the filter lets through. */
export const visible = computed(() => matching(all.value, filter.value));
