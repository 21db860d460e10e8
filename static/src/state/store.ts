/** The edge: one signal that holds the state, and what the views may ask for. */

import { signal } from "@preact/signals";

import { Api, Live } from "./live";
import { IMPORTED, whole } from "./filter";
import { advance, moments, neighbour, type Pace, type Replay } from "./replay/replay";
import {
  applyBatch,
  cleared,
  current,
  differ,
  EMPTY,
  ended,
  find,
  importedOf,
  lacksSteps,
  olderThan,
  select,
  selectStep,
  setConnection,
  setFollow,
  setPaused,
  setReplay,
  toggleFold,
  withOlder,
  withTrace,
  type Asked,
  type State,
} from "./state";
import { neighbourOf } from "./rows";
import type { Json, Trace } from "./types";
import { DIAGRAM, viewOf } from "./views/table";

const api = new Api();
export const state = signal<State>(EMPTY);
/** The page's clock, ms; it goes while something runs. */
export const now = signal(performance.now());

const RETRY_WAIT = 1000;
let fetching: string | null = null;

function update(next: State): void {
  const before = state.value;
  state.value = next;
  if (differ(next, before, "selected", "follow")) live.watch(next.follow ? null : next.selected, ended(next));
  if (differ(next, before, "selected", "follow", "step", "filter", "view", "app")) remember(next, before);
  void fetchSteps();
  // The address may name one that is not among the newest.
  if (next.selected !== null && find(next, next.selected) === undefined) void fetchOlder();
}

const live = new Live(api, {
  onBatch: (batch) => {
    const changed = state.value.epoch !== null && state.value.epoch !== batch.epoch;
    update(applyBatch(state.value, batch, performance.now()));
    if (changed || state.value.map === null) void loadMap();
  },
  onConnection: (connection) => {
    state.value = setConnection(state.value, connection, performance.now());
  },
  onRefused: (why) => {
    actions.notice(why);
  },
  resume: () => ({
    epoch: state.value.epoch,
    last: state.value.traces[0]?.id ?? null,
    running: [...state.value.seenAt.keys()].reverse(),
    watch: state.value.selected,
    have: ended(state.value),
  }),
});

/** Read the app's registries anew; where the server has just gone, the one before stays. */
async function loadMap(): Promise<void> {
  const map = await api.app().catch(() => null);
  if (map !== null) state.value = { ...state.value, map };
}

let asked: string | null = null;

/** Fetch the next older requests, if there are some. */
async function fetchOlder(): Promise<void> {
  const before = olderThan(state.value);
  if (before === null || before === asked) return;
  asked = before;
  const page = await api.before(before).catch(() => null);
  if (page === null) asked = null;
  else update(withOlder(state.value, page));
}

async function fetchSteps(): Promise<void> {
  const id = lacksSteps(state.value);
  if (id === null || fetching === id) return;
  fetching = id;
  try {
    const trace = await api.trace(id);
    state.value = trace === null ? { ...state.value, missing: id } : withTrace(state.value, trace);
  } catch {
    // One call failed, which says nothing of the connection: only Live decides about that.
    setTimeout(() => void fetchSteps(), RETRY_WAIT);
    return;
  } finally {
    fetching = null;
  }
  if (lacksSteps(state.value) !== id) await fetchSteps();
}

let remembering: ReturnType<typeof setTimeout> | undefined;

function remember(next: State, before: State): void {
  const step = next.step === null ? "" : `/${next.step}`;
  const query = new URLSearchParams();
  if (next.view !== DIAGRAM) query.set("view", next.view);
  if (next.filter.trim() !== "") query.set("q", next.filter.trim());
  if (viewOf(next.view).ofApp === true) for (const [name, value] of ofApp(next.app)) query.set(name, value);
  const here = next.selected !== null && !next.follow && importedOf(next, next.selected) === undefined;
  const hash = !here ? "" : `#${next.selected}${step}`;
  // One goes back to another view, or to another rule; not through each request and letter.
  const turned = differ(next, before, "view") || differ(next.app, before.app, "rule", "part");
  const address = `${location.pathname}${query.size === 0 ? "" : `?${query}`}${hash}`;
  const go = (): void => {
    if (address !== location.href.slice(location.origin.length))
      history[turned ? "pushState" : "replaceState"](null, "", address);
  };
  // The browser takes its time over an address: what was picked is drawn first.
  clearTimeout(remembering);
  if (turned) go();
  else remembering = setTimeout(go);
}

/** What the address says of the App view: what is not as at first. */
function ofApp(app: Asked): readonly (readonly [name: string, value: string])[] {
  return Object.entries(app).flatMap(([name, value]) =>
    value === EMPTY.app[name as keyof Asked] || value === null ? [] : [[name, String(value)] as const],
  );
}

/** Open what the address names: ?view=<name>&q=<filter>&rule=<rule>…#<trace>/<step>. */
function fromAddress(): void {
  // What was still to be remembered is of the address one comes from.
  clearTimeout(remembering);
  const query = new URLSearchParams(location.search);
  const app: Asked = {
    part: query.get("part") === "about" ? "about" : "rules",
    rule: query.get("rule"),
    method: query.get("method") ?? EMPTY.app.method,
    path: query.get("path") ?? "",
    never: query.has("never"),
  };
  state.value = {
    ...state.value,
    filter: whole(query.get("q") ?? ""),
    view: viewOf(query.get("view")).name,
    app,
  };
  const [id, step] = location.hash.slice(1).split("/");
  if (id) state.value = select(state.value, id, step && /^\d+$/.test(step) ? Number(step) : null);
  else if (importedOf(state.value, state.value.selected) === undefined)
    state.value = setFollow(state.value, true);
  live.watch(id || null);
  void fetchSteps();
}

/** What sets something that the browser remembers. */
function lasting(name: "keep" | "grouped" | "keys"): (on: boolean) => void {
  return (on) => {
    localStorage.setItem(`lifecycle-${name}`, on ? "on" : "off");
    update({ ...state.value, [name]: on });
  };
}

export const actions = {
  select: (id: string): void => {
    update(select(state.value, id));
  },
  /** Pick a step; a replay goes there too. */
  step: (step: number | null): void => {
    const { replay } = state.value;
    const at = begins(step);
    update(
      selectStep(
        replay === null || at === null
          ? state.value
          : setReplay(state.value, { ...replay, at, playing: false }),
        step,
      ),
    );
  },
  follow: (): void => {
    update(setFollow(state.value, !state.value.follow));
  },
  pause: (): void => {
    update(setPaused(state.value, !state.value.paused));
  },
  clear: (): void => {
    update(cleared(state.value));
    void api.clear(state.value.epoch).catch(() => {
      actions.notice("The app still has the requests: it could not be asked to forget them.");
    });
  },
  filter: (filter: string): void => {
    update({ ...state.value, filter });
  },
  /** Go to a moment of the request, ns. */
  seek: (at: number): void => {
    const trace = current(state.value);
    // The edge of a running request is where it is followed.
    if (trace?.state === "running" && at >= edge(trace)) actions.live();
    else update(setReplay(state.value, { ...replaying(), at, playing: false }));
  },
  /** Follow what happens now. */
  live: (): void => {
    update(setReplay(state.value, null));
  },
  pace: (pace: Pace): void => {
    update(setReplay(state.value, { ...replaying(), pace }));
  },
  /** Play from where it stands, or from the start; or stop. */
  play: (): void => {
    const trace = current(state.value);
    if (trace === null) return;
    const replay = replaying();
    const over = replay.at >= edge(trace);
    update(
      setReplay(state.value, {
        ...replay,
        at: over && !replay.playing ? 0 : replay.at,
        playing: !replay.playing,
      }),
    );
  },
  /** Go to the next step, or to an earlier one, from the moment of the replay or from the picked step; else on from the start. */
  walk: (by: 1 | -1): void => {
    const trace = current(state.value);
    if (trace === null) return;
    const { replay, step } = state.value;
    const from = replay?.at ?? begins(step) ?? (by > 0 && trace.state === "done" ? -1 : edge(trace));
    actions.seek(neighbour(trace, from, by));
  },
  /** Go to the first moment, or to the last. */
  rim: (end: boolean): void => {
    const trace = current(state.value);
    if (trace !== null) actions.seek(end ? edge(trace) : 0);
  },
  leave: (): void => {
    if (state.value.stage) actions.stage();
    update({ ...setReplay(state.value, null), stage: false, near: false, step: null });
  },
  stage: (): void => {
    const stage = !state.value.stage;
    update({ ...state.value, stage, near: false, step: null });
    // Not every browser, nor every frame, lets a page fill the screen.
    // By the time one does, the stage may be left.
    if (stage)
      void document.documentElement
        .requestFullscreen()
        .then(() => (state.value.stage ? undefined : document.exitFullscreen()))
        .catch(() => undefined);
    else if (document.fullscreenElement !== null) void document.exitFullscreen();
  },
  view: (view: string): void => {
    update({ ...state.value, view });
  },
  /** Ask the App view for something else. */
  app: (asked: Partial<Asked>): void => {
    update({ ...state.value, app: { ...state.value.app, ...asked } });
  },
  help: (help: boolean): void => {
    update({ ...state.value, help });
  },
  keep: lasting("keep"),
  group: lasting("grouped"),
  fold: (key: string): void => {
    update(toggleFold(state.value, key));
  },
  older: (): void => {
    void fetchOlder();
  },
  keys: lasting("keys"),
  /** Take requests from files that were dropped or chosen into the list, or say what is wrong with them. */
  open: async (files: readonly File[]): Promise<void> => {
    const { readFiles } = await import("./import");
    const { take, wrong } = await readFiles(files);
    update(take(state.value));
    if (wrong !== "") actions.notice(wrong);
  },
  notice: (notice: string | null): void => {
    update({ ...state.value, notice });
  },
  /** Read the app's registries anew. */
  map: (): void => {
    void loadMap();
  },
  /** Ask the server for what only one view shows; null where there is none, as of what came from a file. */
  ask: async <T>(path: string, body?: Json): Promise<T | null> =>
    path.startsWith(`api/traces/${IMPORTED}`) ? null : api.ask<T>(path, body).catch(() => null),
  tell: (path: string, method: "POST" | "DELETE"): Promise<void> =>
    api.tell(path, method).catch(() => {
      actions.notice("The app did not answer.");
    }),
  /** Pick the newest request of the same kind. */
  latest: ({ method, endpoint }: Trace): void => {
    const newest = state.value.traces.find((trace) => trace.method === method && trace.endpoint === endpoint);
    if (newest) actions.select(newest.id);
  },
  near: (): void => {
    update({ ...state.value, near: !state.value.near });
  },
  /** Go up or down the list. */
  move: (by: number): void => {
    const next = neighbourOf(state.value, by);
    if (next !== null) actions.select(next.id);
  },
};

/** When a step of the shown request begins, ns. */
function begins(step: number | null): number | null {
  return step === null ? null : (current(state.value)?.steps[step]?.begin ?? null);
}

function replaying(): Replay {
  const trace = current(state.value);
  return state.value.replay ?? { at: trace === null ? 0 : edge(trace), playing: false, pace: "by step" };
}

/** Let the replay go on by some ms. */
function goOn(ms: number): void {
  const { replay } = state.value;
  const trace = current(state.value);
  if (!replay?.playing || trace === null) return;
  const next = advance(replay, trace, ms);
  state.value = setReplay(state.value, trace.state === "running" && next.at >= edge(trace) ? null : next);
}

/** The last moment that is known, ns. */
function edge(trace: Trace): number {
  return moments(trace).at(-1) ?? 0;
}

export function start(): void {
  state.value = {
    ...state.value,
    keys: localStorage.getItem("lifecycle-keys") !== "off",
    keep: localStorage.getItem("lifecycle-keep") === "on",
    grouped: localStorage.getItem("lifecycle-grouped") !== "off",
  };
  fromAddress();
  addEventListener("popstate", fromAddress);
  // The browser's own Escape leaves the full screen, and the stage with it.
  addEventListener("fullscreenchange", () => {
    if (document.fullscreenElement === null && state.value.stage) actions.stage();
  });
  void loadMap();
  live.start();
  let last = performance.now();
  const tick = (): void => {
    const present = performance.now();
    goOn(Math.min(present - last, 100));
    last = present;
    if (state.value.seenAt.size > 0 && !state.value.paused && state.value.connection !== "lost")
      now.value = performance.now();
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}
