/** Preferences stored in the browser, under the panel's own names. */

import type { State } from "./state";

export type Switch = "keep" | "grouped" | "keys";

/** The stored preferences. */
export function readSwitches(): Pick<State, Switch> {
  return {
    keys: readPreference("keys") !== "off",
    keep: readPreference("keep") === "on",
    grouped: readPreference("grouped") !== "off",
  };
}

export function writeSwitch(name: Switch, on: boolean): void {
  writePreference(name, on ? "on" : "off");
}

export function readPreference(name: Switch | "theme" | "editor"): string | null {
  return localStorage.getItem(`lifecycle-${name}`);
}

export function writePreference(name: Switch | "theme" | "editor", value: string): void {
  localStorage.setItem(`lifecycle-${name}`, value);
}
