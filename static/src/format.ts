/** Texts for people: times and sizes. */

import type { Step } from "./types";

/** A time in nanoseconds, to three figures. */
export function time(ns: number): string {
  const us = ns / 1000;
  if (us < 10) return `${us.toFixed(1)} µs`;
  if (us < 999.5) return `${us.toFixed(0)} µs`;
  const ms = us / 1000;
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 999.95) return `${ms.toFixed(1)} ms`;
  const s = ms / 1000;
  return `${s.toFixed(s < 100 ? 2 : 0)} s`;
}

/** The CPU time of a step in ns, where it was asked for. */
export function cpuOf(step: Step): number | null {
  const { cpu } = step.detail;
  return typeof cpu === "number" ? cpu : null;
}

/** The thread of an async function, and whether it is another than that in which Flask called it. */
export function threadOf(step: Step): { readonly name: string; readonly other: boolean } | null {
  const { thread } = step.detail;
  if (typeof thread !== "object" || thread === null || !("name" in thread) || typeof thread.name !== "string") return null;
  return { name: thread.name, other: thread["other"] === true };
}

/** A number of bytes. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes.toString()} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
