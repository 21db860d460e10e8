/** Preferences stored in the browser, under the panel's own names. */

import { host } from "./place";
import type { State } from "./state";

export type Switch = "grouped" | "keys" | "mine";

/** What is stored. */
type Preference =
  Switch | "theme" | "editor" | "talk" | "notes" | "list-width" | "inspector-height" | "inspector-side";

const storage = stored();

/** The stored preferences. */
export function readSwitches(): Pick<State, Switch | "talk"> {
  return {
    talk: readTalk(),
    keys: readPreference("keys") !== "off",
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
  return storage?.getItem(`lifecycle-${name}`) ?? null;
}

export function writePreference(name: Preference, value: string): void {
  storage?.setItem(`lifecycle-${name}`, value);
}

/** The browser's storage; none in another page, nor where the browser does not let a frame use it. */
function stored(): Storage | null {
  try {
    return host === null ? localStorage : null;
  } catch {
    return null;
  }
}
