/** The server side of the state: the stream, and data that is fetched separately. */

import { Api, Declined } from "../api/http";
import { Live } from "../api/live";
import type { Json } from "../api/types";
import { IMPORTED } from "../trace/filter";
import { answerOf, traceOf } from "../trace/recorded";
import { isSameRun } from "../trace/run";
import { setBackend, type Backend } from "./backend";
import { withoutCleared } from "./clearing";
import { applyBatch, logOf, olderThan, setConnection, withPage, withTrace } from "./log";
import { ended, find, importedOf, lacksSteps } from "./request";
import { differ, type State } from "./state";
import { change, notice, onChange, state } from "./store";

const RETRY_WAIT = 1000;
const MOST_ABSENT = 5;

const api = new Api();

const live = new Live(api, {
  onBatch: (batch) => {
    const { map } = state.value;
    const { epoch } = logOf(state.value);
    const { undo } = state.value;
    const news = unanswered === 0 ? batch : withoutCleared(batch, undo);
    change((before) => applyBatch(before, news, performance.now()));
    if ((epoch !== null && epoch !== batch.epoch) || map === null) void loadMap();
    // What the history has of earlier runs, or of the last moments of the one before.
    if (epoch !== batch.epoch || batch.reset) void fetchOlder();
  },
  onConnection: (connection) => {
    change((before) => setConnection(before, connection, performance.now()));
  },
  onRefused: notice,
  resume: () => ({
    epoch: state.value.epoch,
    last: state.value.traces[0]?.id ?? null,
    running: [...state.value.seenAt.keys()].reverse(),
    watch: state.value.selected,
    have: ended(state.value),
    position: logOf(state.value).position,
  }),
});

/** Resume the stream, and fetch the data that each state lacks. */
export function connect(): void {
  setBackend(server);
  void loadMap();
  live.start();
}

onChange((next, before) => {
  const wanted = toWatch(next);
  if (wanted !== toWatch(before) || differ(next, before, "selected", "follow"))
    live.watch(wanted, ended(next));
  if (!differ(next, before, "selected", "traces", "earlier", "next", "steps", "missing")) return;
  void fetchSteps();
  // The address may have a request that is not among the newest.
  if (next.selected !== null && find(next, next.selected) === undefined) void fetchOlder();
});

/** The trace whose steps are wanted; null: those of the newest, whatever it is by then. */
function toWatch({ follow, selected, traces }: State): string | null {
  return follow && (selected === null || selected === traces[0]?.id) ? null : selected;
}

/** Read the app's registries again; if the server has just gone, the previous ones stay. */
async function loadMap(): Promise<void> {
  const map = await api.app().catch(() => null);
  if (map !== null) change((before) => ({ ...before, map }));
}

let isAsking = false;

/** Fetch the next older requests, if there are some. */
async function fetchOlder(): Promise<void> {
  const [{ epoch }, before] = [logOf(state.value), olderThan(state.value)];
  if (before === null || epoch === null || isAsking) return;
  isAsking = true;
  const page = await api.page(before).catch(() => null);
  isAsking = false;
  // Meanwhile all may have been cleared, or the app restarted.
  if (logOf(state.value).epoch !== epoch || olderThan(state.value) !== before) await fetchOlder();
  else if (page !== null) change((state) => withPage(state, page));
}

let fetching: string | null = null;
/** The trace whose steps could not be fetched a moment ago. */
let failed: string | null = null;

async function fetchSteps(): Promise<void> {
  const id = lacksSteps(state.value);
  if (id === null || fetching === id || failed === id) return;
  fetching = id;
  try {
    const trace = await api.trace(id);
    if (trace === null && isOnItsWay(id)) throw new Error("It is not in the history yet.");
    change((before) => (trace === null ? { ...before, missing: id } : withTrace(before, trace)));
  } catch {
    // One failed call does not mean a lost connection: only Live decides about that.
    failed = id;
    setTimeout(() => {
      failed = null;
      void fetchSteps();
    }, RETRY_WAIT);
    return;
  } finally {
    fetching = null;
  }
  if (lacksSteps(state.value) !== id) await fetchSteps();
}

/** How often another process's request was not there in a row, and which. */
let absent = { id: "", times: 0 };

/** Whether a request may come yet: what another process has done is there once that has written it. */
function isOnItsWay(id: string): boolean {
  const { process } = state.value;
  const of = find(state.value, id)?.process;
  if (of === undefined || process === null || isSameRun(process, of)) return false;
  absent = { id, times: absent.id === id ? absent.times + 1 : 1 };
  return absent.times <= MOST_ABSENT;
}

/** Fetch data that only one view shows; null if there is none. Imported requests have their own. */
async function ask<T>(path: string, body?: Json): Promise<T | null> {
  const imported = path.startsWith(`api/traces/${IMPORTED}`);
  return imported ? importedAnswer<T>(path) : api.ask<T>(path, body).catch(() => null);
}

function importedAnswer<T>(path: string): T | null {
  const found = importedOf(state.value, traceOf(path));
  return found === undefined ? null : answerOf<T>(path, found.whole, found.recording);
}

function file(path: string, body: Blob): Promise<Blob | string> {
  return api.file(path, body).catch(() => "the app does not respond.");
}

/** Send a command with a body, and show why the server does not do it; null if it does not. */
async function command<T>(path: string, method: "POST" | "PUT", body: Json): Promise<T | null> {
  try {
    return await api.command<T>(path, method, body);
  } catch (error) {
    notice(error instanceof Declined ? error.message : "The app did not respond.");
    return null;
  }
}

function tell(path: string, method: "POST" | "DELETE"): Promise<void> {
  return api.tell(path, method).catch(() => {
    notice("The app did not respond.");
  });
}

// One after the other: the server may answer two requests in another order than that in which they were sent.
let clearing = Promise.resolve();
/** How often it was asked to clear, and has not yet answered. */
let unanswered = 0;

/** Clear all requests on the server. */
function forget(): void {
  const { epoch } = state.value;
  unanswered += 1;
  clearing = clearing
    .then(() => api.clear(epoch))
    .catch(() => {
      notice("The requests could not be cleared: the app did not respond.");
    })
    .finally(() => {
      unanswered -= 1;
    });
}

/** Bring back what was cleared on the server, and fetch how it is by now. */
function restore(): Promise<void> {
  const { epoch } = state.value;
  clearing = clearing
    .then(() => api.restore(epoch))
    .then(() => api.page())
    .then((page) => {
      change((before) => withPage(before, page));
    })
    .catch(() => {
      notice("The requests could not be restored: the app did not respond.");
    });
  return clearing;
}

export const server: Backend = { ask, tell, command, file, loadMap, fetchOlder, forget, restore };
