/** What a browser fetches beside pages, as in flask_lifecycle/trace/files.py. */

import type { TraceSummary } from "../api/types";

/** What browsers ask for by themselves, whether or not the app has it. */
const ASKED_FOR =
  /\/(?:favicon\.(?:ico|png|svg)|apple-touch-icon[a-z0-9-]*\.png|\.well-known\/appspecific\/com\.chrome\.devtools\.json)$/;

const ENDINGS = [".ico", ".png", ".svg", ".json"] as const;

/** Whether a request is for a static file or an icon; asked of every row of the list at each change. */
export function isFile({ endpoint, path }: Pick<TraceSummary, "endpoint" | "path">): boolean {
  if (endpoint !== null && (endpoint === "static" || endpoint.endsWith(".static"))) return true;
  return ENDINGS.some((ending) => path.endsWith(ending)) && ASKED_FOR.test(path);
}
