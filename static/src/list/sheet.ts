/** On a narrow screen the list is a sheet at the bottom, which is pulled up: its height, and how it moves. */

import { computed, signal } from "@preact/signals";

import { size } from "../state/place";

export type Stop = "closed" | "half" | "full";

const CLOSED = 53;
const HALF = 470;
/** Of the page's bar, which stays visible. */
const TOP = 46;
/** Of a pull, in px: less is a tap. */
const TAP = 6;
/** A pull that is faster than this goes on to the next stop, px a millisecond. */
const FLING = 0.5;

const ORDER: readonly Stop[] = ["closed", "half", "full"];

export const stop = signal<Stop>("closed");
/** Where a finger has pulled it, while it does. */
const pulled = signal<number | null>(null);
export const isPulled = computed(() => pulled.value !== null);

const full = (): number => Math.max(CLOSED, size.value.height - TOP);
const heightAt: Readonly<Record<Stop, () => number>> = {
  closed: () => CLOSED,
  half: () => Math.min(HALF, Math.round(full() * 0.6)),
  full,
};
export const height = computed(() => pulled.value ?? heightAt[stop.value]());

export function close(): void {
  stop.value = "closed";
}

/** The next stop upward, and from the last one the first. */
export function next(): void {
  stop.value = ORDER[(ORDER.indexOf(stop.value) + 1) % ORDER.length] ?? "closed";
}

/** One stop up, or down. */
export function move(by: 1 | -1): void {
  stop.value = ORDER[Math.max(0, Math.min(ORDER.length - 1, ORDER.indexOf(stop.value) + by))] ?? "closed";
}

/** Where a pull ends: at the nearest stop, or at the next one in its direction if it is fast. */
export function stopAt(height: number, speed: number): Stop {
  const beyond = (each: Stop): number => (heightAt[each]() - height) * Math.sign(speed);
  const onward = ORDER.filter((each) => beyond(each) > 0);
  const choice = Math.abs(speed) > FLING && onward.length > 0 ? onward : ORDER;
  const distance = (each: Stop): number => Math.abs(heightAt[each]() - height);
  return choice.reduce((best, each) => (distance(each) < distance(best) ? each : best));
}

/** Follow a finger from where it is put down; buttons that it taps are pressed as ever. */
export function pull(event: PointerEvent & { readonly currentTarget: HTMLElement }): void {
  if (event.button !== 0) return;
  const { currentTarget: handle, clientY: from, pointerId } = event;
  const begin = height.value;
  let last = { at: from, time: event.timeStamp, speed: 0 };
  const onMove = (moved: PointerEvent): void => {
    if (moved.pointerId !== pointerId) return;
    if (pulled.value === null && Math.abs(moved.clientY - from) < TAP) return;
    if (pulled.value === null) handle.setPointerCapture(pointerId);
    const passed = Math.max(1, moved.timeStamp - last.time);
    last = { at: moved.clientY, time: moved.timeStamp, speed: (last.at - moved.clientY) / passed };
    pulled.value = Math.max(CLOSED, Math.min(full(), begin + from - moved.clientY));
  };
  const onEnd = (): void => {
    removeEventListener("pointermove", onMove);
    for (const name of ["pointerup", "pointercancel"] as const) removeEventListener(name, onEnd);
    if (pulled.value === null) return;
    stop.value = stopAt(pulled.value, last.speed);
    pulled.value = null;
    // The click that ends a pull presses nothing.
    handle.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => {
      handle.removeEventListener("click", swallow, { capture: true });
    });
  };
  addEventListener("pointermove", onMove);
  for (const name of ["pointerup", "pointercancel"] as const) addEventListener(name, onEnd);
}

function swallow(event: Event): void {
  event.stopPropagation();
  event.preventDefault();
}
