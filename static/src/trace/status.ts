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
}: Pick<TraceSummary, "status" | "error" | "state">): number | null {
  return status ?? (error === null || state !== "done" || UNANSWERED.has(error.type) ? null : 500);
}
