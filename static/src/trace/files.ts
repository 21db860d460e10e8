/** What a browser fetches beside pages, as in flask_lifecycle/trace/files.py. */

import type { TraceSummary } from "../api/types";

/** What browsers ask for by themselves, whether or not the app has it. */
const ASKED_FOR =
  /\/(?:favicon\.(?:ico|png|svg)|apple-touch-icon[a-z0-9-]*\.png|\.well-known\/appspecific\/com\.chrome\.devtools\.json)$/;

/** Whether a request is for a static file or an icon. */
export function isFile({ endpoint, path }: Pick<TraceSummary, "endpoint" | "path">): boolean {
  return `.${endpoint ?? ""}`.endsWith(".static") || ASKED_FOR.test(path);
}
