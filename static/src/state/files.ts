/** Recordings from files, dropped on the panel or picked: read by the server, shown in the list. */

import { open } from "./backend";
import { withImported } from "./recordings";
import { change } from "./store";

/** As in flask_lifecycle/recording/file.py. */
const LARGEST = 100e6;

/** Show the requests in files; return what is wrong with those that cannot be opened. */
export async function openFiles(files: readonly File[]): Promise<string> {
  const wrong: string[] = [];
  for (const file of files) {
    const found = await openFile(file);
    if (typeof found === "string") wrong.push(`${file.name} cannot be opened: ${found}`);
    else change((before) => withImported(before, found, file.name));
  }
  return wrong.join(" ");
}

async function openFile(file: File): ReturnType<typeof open> {
  if (file.size > LARGEST)
    return `it has ${Math.round(file.size / 1e6).toLocaleString("en")} MB; at most 100 are read.`;
  const found = await open(file);
  return typeof found !== "string" && found.traces.length === 0 ? "it has no requests." : found;
}
