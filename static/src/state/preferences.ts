/** Preferences stored in the browser, under the panel's own names. */

import type { State } from "./state";

export type Switch = "keep" | "grouped" | "keys" | "mine";

/** What is stored. */
export type Preference =
  Switch | "theme" | "editor" | "talk" | "notes" | "list-width" | "inspector-height" | "inspector-side";

/** The stored preferences. */
export function readSwitches(): Pick<State, Switch | "talk"> {
  return {
    talk: readTalk(),
    keys: readPreference("keys") !== "off",
    keep: readPreference("keep") === "on",
    grouped: readPreference("grouped") !== "off",
    mine: readPreference("mine") === "on",
  };
}

export function writeSwitch(name: Switch, on: boolean): void {
  writePreference(name, on ? "on" : "off");
}

/** The requests that are prepared for a talk. */
function readTalk(): readonly string[] {
  return (readPreference("talk") ?? "").split(" ").filter((id) => id !== "");
}

export function readPreference(name: Preference): string | null {
  return localStorage.getItem(`lifecycle-${name}`);
}

export function writePreference(name: Preference, value: string): void {
  localStorage.setItem(`lifecycle-${name}`, value);
}
