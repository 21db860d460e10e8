/**
 * The page's own request, those that redirected to it, and those that its scripts caused.
 *
 * The browser tells of the latter by itself: each answer to the page's `fetch` or `XMLHttpRequest`
 * bears a `Server-Timing` header with the names by which the server may be asked for it.
 */

import type { Told } from "./told";

const TIMING = "lifecycle";
const KEPT = 100;
const ASKED_AT_ONCE = 20;
const DEBOUNCE = 120;
const TRIES = 12;

export interface Request {
  /** The trace's id and its key; `at …` where the app gave no answer of its own. */
  readonly name: string;
  /** Whether it led on to the next one. */
  readonly redirect: boolean;
  /** What the browser saw, until the server has told more. */
  readonly path: string;
  readonly status: number;
  readonly told: Told | null;
  /** How often it was asked for. */
  readonly tries: number;
}

export class Requests {
  /** Oldest first. */
  all: readonly Request[] = [];
  /** The name of the page's own. */
  page = "";
  /** Whether it asks for what the page's scripts caused, too. */
  following = true;
  /** The last that came with a tag, and where. */
  #opened = "";
  #at = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly #base: string;
  readonly #changed: () => void;

  constructor(base: string, changed: () => void) {
    this.#base = base;
    this.#changed = changed;
  }

  /** The page's own, with its redirects before it and all that came after. */
  get shown(): readonly Request[] {
    const at = this.all.findIndex(({ name }) => name === this.page);
    const before = this.all.slice(0, at).findLastIndex(({ redirect }) => !redirect);
    return this.all.slice(before + 1);
  }

  /** A page has come. */
  open(name: string): void {
    this.page = this.#opened = name;
    this.#at = location.pathname;
    this.#add(name, location.pathname, 0);
  }

  follow(): void {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#saw(entry as PerformanceResourceTiming);
      this.#changed();
    }).observe({ type: "resource", buffered: true });
  }

  /** Ask for what is not known yet, soon. */
  ask(delay = DEBOUNCE): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#fetch();
    }, delay);
  }

  /** Where scripts exchanged the page's body and address, take the last page of the new address; tell whether. */
  turn(): boolean {
    const before = this.page;
    this.page = this.all.findLast(({ name, told }) => (name === this.#opened && location.pathname === this.#at) || (told?.document === true && encodeURI(told.path) === location.pathname))?.name ?? before;
    return this.page !== before;
  }

  #saw(entry: PerformanceResourceTiming): void {
    const url = new URL(entry.name);
    if (url.origin !== location.origin || url.href.startsWith(this.#base)) return;
    // Over plain HTTP from another machine, browsers have no such list.
    const mark = (entry.serverTiming as readonly PerformanceServerTiming[] | undefined)?.find(({ name }) => name === TIMING);
    if (mark !== undefined) this.#add(mark.description, url.pathname, entry.responseStatus);
    // What went out of the app was answered by its server, or by Werkzeug's debugger.
    else if (entry.responseStatus >= 500 && /^fetch|^xml/.test(entry.initiatorType)) this.#add(`at ${entry.startTime}`, url.pathname, entry.responseStatus);
  }

  #add(name: string, path: string, status: number): void {
    // What the browser took from its cache was seen before.
    if (this.all.some((each) => each.name === name)) return;
    this.all = [...this.all.filter((each, index) => each.name === this.page || index > this.all.length - KEPT), { name, redirect: false, path, status, told: null, tries: 0 }];
    this.ask();
  }

  async #fetch(): Promise<void> {
    const wanted = this.all.filter((each) => this.#lacks(each)).slice(-ASKED_AT_ONCE);
    if (wanted.length === 0) return;
    const told = new Map<string, Told>();
    try {
      const answer = await fetch(`${this.#base}toolbar/requests?${wanted.map(({ name }) => `of=${name}`).join("&")}`, { cache: "no-store" });
      if (answer.ok) for (const each of ((await answer.json()) as { readonly requests: readonly Told[] }).requests) told.set(each.id, each);
    } catch {
      // The app is being restarted; the next try may meet it.
    }
    const asked = new Set(wanted.map(({ name }) => name));
    const known = new Set(this.all.map(({ name }) => name));
    this.all = this.all.flatMap((each) => {
      if (!asked.has(each.name)) return [each];
      const now = told.get(idOf(each)) ?? each.told;
      const before = (now?.redirects ?? []).filter(({ id }) => !known.has(id));
      return [...before.map((led) => ({ name: led.id, redirect: true, path: led.path, status: 0, told: led, tries: TRIES })), { ...each, told: now, tries: each.tries + 1 }];
    });
    this.#changed();
    const waits = this.all.filter((each) => this.#lacks(each)).map(({ tries }) => tries);
    // The page arrives before its own teardown is recorded.
    if (waits.length > 0) this.ask(DEBOUNCE * 1.5 ** Math.min(...waits));
  }

  #lacks({ name, told, tries }: Request): boolean {
    return tries < TRIES && !name.startsWith("at ") && told?.state !== "done" && (this.following || name === this.page);
  }
}

export function idOf({ name }: Request): string {
  return name.split(".")[0] ?? "";
}
