/** Send a request again from this page, with the browser's own cookies. */

import type { Trace, TracePage } from "../api/types";
import { MASK, ownHeaders, urlOf } from "../trace/curl";
import { compareTwo, setPairing } from "./comparing";
import { ask } from "./backend";
import { isOfAnother } from "./request";
import type { Pairing } from "./state";
import { change, state } from "./store";

/** What changes nothing in the app, as HTTP has it. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD"]);
/** How long an answer is read, ms: some never end. */
const PATIENCE = 30_000;
/** What asks for another answer and no proxy adds: all else is the browser's own, or was on the way. */
const RESENT =
  /^(accept|accept-language|content-type|x-requested-with|hx-.*|turbo-.*|x-turbo-.*|if-.*|range)$/i;
/** The server takes no more of one side. */
const MOST_RUNS = 20;
const [TRIES, WAIT] = [40, 100];

/** Why a request cannot be sent again from this page; null if it can. */
export function whyNotSent(
  trace: Pick<Trace, "method" | "path" | "query" | "status" | "process">,
): string | null {
  if (!SAFE.has(trace.method)) return `${trace.method} may change something: use the curl command`;
  if (trace.status === 101) return "A websocket cannot be sent again";
  if (`${trace.path}${trace.query}`.includes(MASK)) return "Its URL has redacted values";
  if (isOfAnother(state.value, trace)) return "It belongs to another app: use the curl command";
  const host = state.value.map?.config["LIFECYCLE_HOST"];
  return host == null ? null : "The panel has a host of its own (LIFECYCLE_HOST), without the app's cookies";
}

/** Send it, and return the id of the new request's trace. */
async function send(trace: Trace): Promise<string> {
  const before = (await ask<TracePage>("api/traces?limit=1"))?.traces[0]?.id ?? "";
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
  }, PATIENCE);
  let id: string | null = null;
  try {
    const response = await fetch(urlOf(trace, `${location.origin}${rootOf(trace)}`), {
      method: trace.method,
      headers: settable(trace),
      cache: "no-store",
      credentials: "same-origin",
      redirect: "manual",
      signal: controller.signal,
    });
    id = response.headers.get(headerName());
    // To its end, as any client does.
    await response.arrayBuffer();
  } catch {
    // What never ends has a trace all the same, and so has what the server did not answer.
  } finally {
    clearTimeout(timer);
  }
  return await done(trace, before, id);
}

/** Where the app is, if a proxy took that off the path before the app saw it. */
function rootOf({ path }: Trace): string {
  const prefix = state.value.map?.config["LIFECYCLE_URL_PREFIX"];
  const panel = `${typeof prefix === "string" ? prefix : "/_lifecycle"}/`;
  const root = location.pathname.endsWith(panel) ? location.pathname.slice(0, -panel.length) : "";
  return path.startsWith(`${decodeURI(root)}/`) ? "" : root;
}

/** The headers that are sent again. */
function settable(trace: Trace): [string, string][] {
  return ownHeaders(trace).flatMap(([name, value]): [string, string][] =>
    RESENT.test(name) ? [[name, value]] : [],
  );
}

function headerName(): string {
  const name = state.value.map?.config["LIFECYCLE_HEADER"];
  return typeof name === "string" ? name : "X-Lifecycle-Trace";
}

/** Wait until it is over: by its id or, of a redirect whose headers no page may read, by its URL. */
async function done(trace: Trace, after: string, known: string | null): Promise<string> {
  let id = known;
  for (let tries = 0; tries < TRIES; tries++) {
    id ??= await newest(trace, after);
    const found = id === null ? null : await ask<Trace>(`api/traces/${encodeURIComponent(id)}`);
    if (found?.state === "done") return found.id;
    await new Promise((resolve) => {
      setTimeout(resolve, WAIT);
    });
  }
  throw new Error("The request was sent, but the app has not recorded its end.");
}

async function newest({ method, path, query }: Trace, after: string): Promise<string | null> {
  const page = await ask<TracePage>("api/traces?limit=50");
  const found = page?.traces.findLast(
    (each) => each.id > after && each.method === method && each.path === path && each.query === query,
  );
  return found?.id ?? null;
}

/** Send a request again and compare it with the first. */
export async function sendAgain(id: string): Promise<void> {
  const again = await send(await wholeOf(id));
  compareTwo(id, again);
}

/** Send B of a comparison again: it is one more run of B, unless something else is shown by then. */
export async function sendOneMore(pairing: Pairing, runs: readonly string[]): Promise<void> {
  const again = await send(await wholeOf(runs[0] ?? ""));
  const more = { a: pairing.a, b: [again, ...runs].slice(0, MOST_RUNS) };
  change((before) => (before.compared === pairing ? setPairing(before, more) : before));
}

async function wholeOf(id: string): Promise<Trace> {
  const trace = await ask<Trace>(`api/traces/${encodeURIComponent(id)}`);
  if (trace === null) throw new Error("The server no longer stores this request, or does not answer.");
  const reason = whyNotSent(trace);
  if (reason !== null) throw new Error(reason);
  return trace;
}
