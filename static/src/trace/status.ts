/** The status that the client got: as client_status of flask_lifecycle/trace/model.py has it. */

import type { TraceSummary } from "../api/types";

const UNANSWERED: ReadonlySet<string> = new Set(["SystemExit", "KeyboardInterrupt", "GeneratorExit"]);

/**
 * What left the app before it had answered, the server answers with 500; what ends the server itself is
 * not answered.
 */
export function clientStatus({
  status,
  error,
  state,
}: Pick<TraceSummary, "status" | "error" | "state">): number | null {
  return status ?? (error === null || state !== "done" || UNANSWERED.has(error.type) ? null : 500);
}
