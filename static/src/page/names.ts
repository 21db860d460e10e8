/** The name of a file with a request, without its ending. */

import type { Trace } from "../api/types";

export function fileName(trace: Trace | null): string {
  if (trace === null) return "requests";
  return `${trace.method} ${trace.path}`.replaceAll(/[^\w.-]+/g, "-").slice(0, 60);
}
