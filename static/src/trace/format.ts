/** Format times and sizes for display. */

import type { Step } from "../api/types";

/** A time in nanoseconds, to three figures. */
export function time(ns: number): string {
  if (ns === 0) return "0 µs";
  const us = ns / 1000;
  if (us < 10) return `${us.toFixed(1)} µs`;
  if (us < 999.5) return `${us.toFixed(0)} µs`;
  const ms = us / 1000;
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 999.95) return `${ms.toFixed(1)} ms`;
  const s = ms / 1000;
  return `${s.toFixed(s < 100 ? 2 : 0)} s`;
}

/** The time between the begin and the end of a step; a moment, such as a signal or a log record, has none. */
export function lasting(ns: number): string {
  return ns === 0 ? "–" : time(ns);
}

const DAY: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };

/** A moment by the clock on the wall, of Unix time in s: with its day, if that is not today. */
export function timeOfDay(seconds: number, today = new Date()): string {
  const at = new Date(seconds * 1000);
  const isToday = at.toDateString() === today.toDateString();
  return `${isToday ? "" : `${at.toLocaleDateString("en-GB", DAY)} `}${at.toLocaleTimeString("en-GB")}`;
}

const GROUPED = new Intl.NumberFormat("en");

/** A number with its thousands apart, such as 5,000. */
export function grouped(number: number): string {
  return GROUPED.format(number);
}

/** A number with its noun, such as "1 request". */
export function plural(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** The CPU time of a step in ns, if it was collected. */
export function cpuOf(step: Step): number | null {
  const { cpu } = step.detail;
  return typeof cpu === "number" ? cpu : null;
}

/** The thread of an async function, and whether it differs from the one in which Flask called it. */
export function threadOf(step: Step): { readonly name: string; readonly other: boolean } | null {
  const { thread } = step.detail;
  if (typeof thread !== "object" || thread === null || !("name" in thread) || typeof thread.name !== "string")
    return null;
  return { name: thread.name, other: thread["other"] === true };
}

/**
 * Of a step that repeats in another one, how often it ran, where not all of that is kept; on the last of
 * them.
 */
export function repeatedOf(step: Step): { readonly times: number; readonly first: number } | null {
  const repeated = step.detail["repeated"] as Readonly<Record<string, unknown>> | null | undefined;
  const { times, first } = repeated ?? {};
  return typeof times === "number" && typeof first === "number" ? { times, first } : null;
}

/** How often a step ran, if not every run is shown; else empty. */
export function repeated(step: Step): string {
  const repetition = repeatedOf(step);
  return repetition === null
    ? ""
    : `×${grouped(repetition.times)}, ${repetition.first === 0 ? "" : "first and "}last shown`;
}

const CLOSED: Readonly<Record<string, string>> = {
  client: "closed by the client",
  app: "closed by the app",
  network: "lost: the network or the client went away",
  error: "ended by an error in the app",
};

/**
 * What a request that became a websocket was, by its first step: how long it was open and how it ended;
 * null for any other.
 */
export function websocketOf(step: Step | undefined, elapsed: number): string | null {
  const { opened, closed, by, code } = (step?.detail["websocket"] ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof opened !== "number") return null;
  const until = typeof closed === "number" ? closed : elapsed;
  const end =
    typeof closed !== "number"
      ? ""
      : ` · ${CLOSED[String(by)] ?? "closed"}${typeof code === "number" ? ` (${code})` : ""}`;
  return `open ${time(Math.max(0, until - opened))}${end}`;
}

/** The memory that a step kept and its peak, in bytes, if they were collected. */
export function memoryOf(step: Step): { readonly net: number; readonly peak: number } | null {
  const memory = step.detail["memory"] as Readonly<Record<string, unknown>> | null | undefined;
  const { net, peak } = memory ?? {};
  return typeof net === "number" && typeof peak === "number" ? { net, peak } : null;
}

/** A signed number of bytes. */
export function change(bytes: number): string {
  return bytes < 0 ? `−${size(-bytes)}` : `+${size(bytes)}`;
}

/** A number of bytes. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
