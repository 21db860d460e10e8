/** What can be taken along from a request: a command that repeats it, and all that was recorded. */

import type { Trace } from "./types";

/** A curl command for the same request; what was masked in it stays masked. */
export function curl(trace: Trace, origin: string): string {
  const url = `${origin}${encodeURI(trace.path)}${trace.query === "" ? "" : `?${trace.query}`}`;
  const method = trace.method === "GET" ? "" : trace.method === "HEAD" ? "--head " : `--request ${quoted(trace.method)} `;
  return `curl ${method}${quoted(url)}`;
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Hand a text to the browser as a file. */
export function download(name: string, text: string, type = "application/json"): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
