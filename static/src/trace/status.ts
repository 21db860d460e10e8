/** The status that the client got, as in client_status of flask_lifecycle/trace/model.py. */

import type { TraceSummary } from "../api/types";

const UNANSWERED: ReadonlySet<string> = new Set(["SystemExit", "KeyboardInterrupt", "GeneratorExit"]);

/**
 * The server answers an exception that left the app before a response with 500; one that ends the
 * server itself is not answered.
 */
export function clientStatus({
  status,
  error,
  state,
  server_error_by: by,
}: Pick<TraceSummary, "status" | "error" | "state" | "server_error_by">): number | null {
  if (by === "server" || by === "debugger") return 500;
  return status ?? (error === null || state !== "done" || UNANSWERED.has(error.type) ? null : 500);
}

/** What sent the status of a request that an exception left, in words. */
export function sender({ server_error_by: by }: Pick<TraceSummary, "server_error_by">): string {
  return by === "debugger" ? "Werkzeug’s debugger" : "the server";
}
