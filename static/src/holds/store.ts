/** The breakpoints and the held requests, and what the user does with them. */

import { computed, signal } from "@preact/signals";

import type {
  Breakpoint,
  Breakpoints,
  Held,
  HeldRequests,
  HoldAction,
  Json,
  Trace,
  When,
} from "../api/types";
import { actions } from "../state/actions";
import { current, find, heldRequests } from "../state/request";
import { setFollow } from "../state/selection";
import { differ, type State } from "../state/state";
import { change, onChange, state } from "../state/store";
import { DIAGRAM } from "../state/viewNames";
import { toggled, type Breakable } from "../trace/breakpoints";
import { holdAt, isHeld, type Holding } from "../trace/holds";
import { shownCue } from "../trace/replay";
import { whereOf } from "./words";

const RETRY_WAIT = 1000;

/** Null: not known yet, or the server has none. */
const known = signal<Breakpoints | null>(null);
const NONE: Breakpoints = { on: true, breakpoints: [], revision: 0, cannot: null };
export const breakpoints = computed(() => known.value ?? NONE);

/** What the diagram draws beside the wires: nothing, where requests cannot be held. */
export const drawn = computed<readonly Breakpoint[] | null>(() => {
  if (known.value === null || known.value.cannot !== null) return null;
  const { on, breakpoints: all } = known.value;
  return on ? all : all.map((each) => ({ ...each, on: false }));
});

/** Those that are held now, with what there is, as of a moment of the page's clock, ms. */
const details = signal<HeldRequests & { readonly at: number }>({ held: [], passed: 0, threads: null, at: 0 });
/** How many threads the server has for requests; null if it starts as many as it needs. */
export const threads = computed(() => details.value.threads);
/** How many requests were not held at a breakpoint, as too many were already. */
export const passed = computed(() => details.value.passed);

/** The details of a held request, and how long until it goes on by itself, ns. */
export function heldDetails(trace: Trace): { readonly held: Held; readonly left: number } | null {
  const held = detailsOf(trace);
  if (held === undefined) return null;
  return { held, left: Math.max(0, held.left * 1e9 - (performance.now() - details.value.at) * 1e6) };
}

function detailsOf(trace: Holding): Held | undefined {
  const hold = holdAt(trace);
  return details.value.held.find((each) => each.trace === trace.id && each.step === hold?.step);
}

const requests = computed(() => heldRequests(state.value));

/** How many requests are held. */
export const heldCount = computed(() => requests.value.length);

/** The selected request, if it is held. */
export function heldTrace(): Trace | null {
  if (heldCount.value === 0) return null;
  const trace = current(state.value);
  return trace !== null && isHeld(trace) ? trace : null;
}

/** What is said of the shown request on a stage, if it is held. */
export function heldSentence(): string | undefined {
  const trace = heldTrace();
  const hold = trace === null ? null : holdAt(trace);
  return trace === null || hold === null ? undefined : `Held ${whereOf(trace, hold)}.`;
}

let revision = 0;

async function loadBreakpoints(): Promise<void> {
  const asked = ++revision;
  const found = await actions.ask<Breakpoints>("api/breakpoints");
  if (asked === revision) known.value = found;
}

let asking = 0;

async function loadDetails(): Promise<void> {
  const asked = ++asking;
  const found = await actions.ask<HeldRequests>("api/held");
  if (asked !== asking) return;
  if (found !== null) details.value = { ...found, at: performance.now() };
  // The answer was lost, or a request has gone on to its next step meanwhile.
  if (isConnected(state.value) && requests.value.some((each) => detailsOf(each) === undefined))
    setTimeout(() => {
      if (asked === asking) void loadDetails();
    }, RETRY_WAIT);
}

function isConnected({ connection }: State): boolean {
  return connection === "live" || connection === "polling";
}

/** The holds that last, by their requests. */
function keysOf(from: State): ReadonlyMap<string, string> {
  return new Map(heldRequests(from).map((trace) => [trace.id, `${holdAt(trace)?.begin ?? 0}`]));
}

let keys: ReadonlyMap<string, string> = new Map();
/** The request that came forward while new ones were followed. */
let followed: string | null = null;

/** Keep up with the server. */
export function startHolds(): void {
  onChange((next, before) => {
    const isBack = next.epoch !== null && isConnected(next) && !isConnected(before);
    if (isBack && keys.size > 0) void loadDetails();
    if (isBack || next.epoch !== before.epoch) void loadBreakpoints();
    // By another panel, or a tool.
    else if (next.revision !== before.revision && next.revision !== known.peek()?.revision)
      void loadBreakpoints();
    if (!differ(next, before, "traces", "seenAt")) return;
    const [now, last] = [keysOf(next), keys];
    keys = now;
    if (now.size === last.size && [...now].every(([id, key]) => last.get(id) === key)) return;
    if (now.size > 0) void loadDetails();
    // One that holds once is gone then.
    void loadBreakpoints();
    const fresh = [...now.keys()].find((id) => !last.has(id));
    if (fresh !== undefined) comeForward(fresh);
  });
  onChange(followAgain);
}

/** Show a request that is held, unless another one that is held is shown. */
function comeForward(id: string): void {
  const shown = heldTrace();
  if (shown !== null && shown.id !== id) return;
  const { follow } = state.value;
  actions.select(id);
  if (follow) followed = id;
  if (!state.value.stage) actions.view(DIAGRAM);
}

/** Follow new requests again, once the held one is over, if there is no newer one to jump to. */
function followAgain(): void {
  if (followed === null) return;
  const { selected, follow, traces, step } = state.value;
  const isShown = selected === followed && !follow;
  const trace = find(state.value, followed);
  if (isShown && trace?.state !== "done") return;
  followed = null;
  if (isShown && traces[0]?.id === trace?.id && step === null) change((before) => setFollow(before, true));
}

// One after the other: of two changes, the server would keep the one that it takes last.
let sending = Promise.resolve();

/** Replace all breakpoints. */
export function setBreakpoints(all: readonly Breakpoint[], on = breakpoints.value.on): void {
  if (known.value === null) return;
  const sent = ++revision;
  known.value = { ...known.value, breakpoints: all, on };
  const body = { on, breakpoints: all } as unknown as Json;
  sending = sending
    .then(() => actions.command<Breakpoints>("api/breakpoints", "PUT", body))
    .then((answer) => {
      // Where the server did not take them, it says which ones it has.
      if (sent !== revision) return;
      if (answer === null) void loadBreakpoints();
      else known.value = answer;
    });
}

/** Set a breakpoint at a step, or remove it. */
export function toggleAt(step: Breakable, when: When, only: When | null = null): void {
  if (drawn.value === null) return;
  const { breakpoints: all } = breakpoints.value;
  const next = toggled(all, step, when, only);
  // Where all are switched off, one that is set is meant to hold.
  setBreakpoints(next, breakpoints.value.on || next.length > all.length);
}

/** Set a breakpoint at the picked step, or the one that is shown. */
export function togglePicked(): void {
  const trace = current(state.value);
  if (trace === null) return;
  const { replay, step } = state.value;
  const at = shownCue(trace, replay, step)?.step ?? trace.steps[holdAt(trace)?.step ?? -1];
  if (at === undefined) return;
  if (drawn.value === null) actions.notice(breakpoints.value.cannot);
  else toggleAt(at, "before");
}

/** Let a held request go on. */
export async function goOn(
  trace: string,
  action: HoldAction,
  more: { readonly status?: number | null; readonly text?: string } = {},
): Promise<void> {
  const body: Json = { do: action, ...(more as { readonly [name: string]: Json }) };
  await actions.command(`api/held/${encodeURIComponent(trace)}`, "POST", body);
}

/** Let the shown request go on, if it is held and can; return whether it is held. */
export function goOnShown(action: HoldAction): boolean {
  const trace = heldTrace();
  if (trace === null) return false;
  const { can = ["go"] } = heldDetails(trace)?.held ?? {};
  if (can.includes(action)) void goOn(trace.id, action);
  return true;
}

/** Let all go on, and hold none of them again. */
export function letAllGo(): void {
  if (heldCount.value > 0) void actions.command("api/held", "POST", { do: "all" });
}
