/** Recordings as files: opened by the server, shown in the list, and saved. */

import type { Recording } from "../api/types";
import { partOf } from "../trace/recorded";
import { file } from "./backend";
import { withImported } from "./recordings";
import { importedOf } from "./request";
import { change, state } from "./store";
import { grouped } from "../trace/format";

export type Kind = "html" | "json";

/** As in flask_lifecycle/recording/file.py. */
const LARGEST = 100e6;
// Only Python reads files, so that they are checked and upgraded in one place.
const READ = "api/recordings/read";

/** Show the requests in files; return what is wrong with those that cannot be opened. */
export async function openFiles(files: readonly File[]): Promise<string> {
  const wrong: string[] = [];
  for (const each of files) {
    const found = await openFile(each);
    if (typeof found === "string") wrong.push(`${each.name} cannot be opened: ${found}`);
    else change((before) => withImported(before, found, each.name));
  }
  return wrong.join(" ");
}

async function openFile(given: File): Promise<Recording | string> {
  if (given.size > LARGEST)
    return `it has ${grouped(Math.round(given.size / 1e6))} MB; at most 100 are read.`;
  const found = await file(READ, given);
  if (typeof found === "string") return found;
  const answer = JSON.parse(await found.text()) as Recording | { readonly error: string };
  if ("error" in answer) return answer.error;
  return answer.traces.length === 0 ? "it has no requests." : answer;
}

/** A recording of some requests as a file; a text says why it cannot be made. */
export async function recordingOf(ids: readonly string[], kind: Kind): Promise<Blob | string> {
  const here = recordedHere(ids);
  if (here === null) return file("api/recordings", json({ ids, as: kind }));
  return kind === "json" ? json(here) : file(`${READ}?as=html`, json(here));
}

/** What the page itself has from a file. */
function recordedHere(ids: readonly string[]): Recording | null {
  const { recorded } = state.value;
  if (recorded !== null) return partOf(recorded, new Set(ids));
  const imported = importedOf(state.value, ids[0] ?? null);
  return imported === undefined ? null : partOf(imported.recording, new Set([imported.id]));
}

function json(value: unknown): Blob {
  return new Blob([JSON.stringify(value)], { type: "application/json" });
}
