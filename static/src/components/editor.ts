/** Links that open a source location in the user's editor. */

import { signal } from "@preact/signals";

import type { Source } from "../api/types";
import { readPreference, writePreference } from "../state/preferences";

export const EDITORS: Readonly<Record<string, ((source: Source) => string) | null>> = {
  "no editor": null,
  "VS Code": ({ file, line }) => `vscode://file${path(file)}:${line}`,
  PyCharm: ({ file, line }) => `pycharm://open?file=${encodeURIComponent(file)}&line=${line}`,
  "Sublime Text": ({ file, line }) =>
    `subl://open?url=${encodeURIComponent(`file://${path(file)}`)}&line=${line}`,
};

const stored = readPreference("editor") ?? "VS Code";
export const editor = signal(Object.hasOwn(EDITORS, stored) ? stored : "VS Code");

export function chooseEditor(name: string): void {
  writePreference("editor", name);
  editor.value = name;
}

/** The link for a source location; null if no editor is chosen. */
export function editorLink(source: Source): string | null {
  return EDITORS[editor.value]?.(source) ?? null;
}

/** As in a file URL: with a slash before a drive letter, and each part quoted. */
function path(file: string): string {
  const forward = file.replaceAll("\\", "/");
  return encodeURI(forward.startsWith("/") ? forward : `/${forward}`)
    .replaceAll("#", "%23")
    .replaceAll("?", "%3F");
}
