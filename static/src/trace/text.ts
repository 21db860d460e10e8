/** Write values, and shorten names and texts of the app for display. */

import type { Json } from "../api/types";

const PYTHON: Readonly<Record<string, string>> = { null: "None", true: "True", false: "False" };
const LITERAL = /"(?:\\.|[^"\\])*"|\b(?:null|true|false)\b|[:,](?=\S)/g;

/** Write a captured value as Python does. */
export function written(value: Json, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    LITERAL,
    (found) => PYTHON[found] ?? (found === ":" || found === "," ? `${found} ` : found),
  );
}

const SPACED = /(\d) (?=(?:ns|µs|ms|s|B|[kMG]B|bytes?|chunks?|rows?)\b)/g;

/** A text that is not broken between a number and its unit; copied, it has plain spaces again. */
export function unbroken(text: string): string {
  return text.replace(SPACED, "$1\u00a0");
}

/** The default length of shortened names, in characters. */
export const LONGEST_NAME = 42;
const UNSEEN = /[\p{Cc}\u2028\u2029\ufeff]+/gu;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;

/** Shorten in the middle, where names differ least; never inside a character. */
export function ellipsize(name: string, longest = LONGEST_NAME): string {
  const plain = name.slice(0, 400) + (name.length > 800 ? name.slice(-400) : name.slice(400));
  const letters = Array.from(plain.replace(UNSEEN, " "));
  const half = Math.floor((longest - 1) / 2);
  const short =
    letters.length <= longest && name.length <= 800
      ? letters.join("")
      : `${letters.slice(0, half).join("")}…${letters.slice(-half).join("")}`;
  // Isolates right-to-left text, so that it cannot change the order of the surrounding text.
  return RIGHT_TO_LEFT.test(short)
    ? `\u2068${short.replace(/[\u202a-\u202e\u2066-\u2069]/g, "")}\u2069`
    : short;
}
