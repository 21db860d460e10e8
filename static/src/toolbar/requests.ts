/**
 * The page's own request, its redirects, and the requests of its scripts.
 *
 * The browser reports the latter once they have ended: each response to the page's `fetch` or
 * `XMLHttpRequest` has a `Server-Timing` header with the name by which the toolbar can fetch it. The
 * server reports running and unread requests together with the page's own.
 */

import type { RequestRecord } from "./types";

const TIMING = "lifecycle";
const KEPT = 100;
const ASKED_AT_ONCE = 20;
const DEBOUNCE = 120;
const POLL = 1000;
/**
 * The delay in ms after which a request of the page has begun or ended; repeated for slow connections
 * and redirects.
 */
const SOON = 400;
const LATER = 3;
const TRIES = 12;
/** Input is reported once in so many ms. */
const OFTEN = 500;

interface Answer {
  readonly requests: readonly RequestRecord[];
  readonly held: number | null;
}

export interface Request {
  /** The trace's id and its key; `at …` where the app gave no answer of its own. */
  readonly name: string;
  readonly path: string;
  /** The browser's timing, if it has one. */
  status: number;
  record: RequestRecord | null;
  /** The number of failed attempts to fetch it. */
  tries: number;
}

export class Requests {
  /** Oldest first. */
  all: readonly Request[] = [];
  /** The name of the page's own. */
  page = "";
  /** The part that is shown. */
  mode = "";
  /** How many requests of the app are held at breakpoints; null where none can be. */
  held: number | null = null;
  /** The last that came with a tag, and where. */
  #opened = "";
  #at = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When it asks next. */
  #due = Infinity;
  #waits = false;
  /** How often it asks once more. */
  #more = 1;
  #said = "";
  #acted = -Infinity;

  readonly #base: string;
  readonly #changed: () => void;

  constructor(base: string, changed: () => void) {
    this.#base = base;
    this.#changed = changed;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#saw(entry as PerformanceResourceTiming);
      changed();
    }).observe({ type: "resource", buffered: true });
  }

  /** The page's own, with its redirects before it and all that came after. */
  get shown(): readonly Request[] {
    const at = this.all.findIndex(({ name }) => name === this.page);
    return this.all.slice(Math.max(0, at - (this.all[at]?.record?.redirects?.length ?? 0)));
  }

  /** A page has come. */
  open(name: string): void {
    this.page = this.#opened = name;
    this.#at = location.pathname;
    this.#add(name, location.pathname, 0);
  }

  /**
   * Report that the page is left, or shown again: of two pages with one URL, only one can have sent a
   * running request.
   */
  tell(shown: 0 | 1): void {
    this.#report(`shown=${shown}`);
  }

  /** Report that a person clicks or types: what the page sends next is no poll. */
  acted(): void {
    const now = performance.now();
    if (now - this.#acted < OFTEN) return;
    this.#acted = now;
    this.#report(`acted=${Date.now()}`);
  }

  #report(what: string): void {
    navigator.sendBeacon(`${this.#base}toolbar/requests?of=${this.#opened}&${what}`);
  }

  /** The page may send a request soon. */
  expect(): void {
    this.#more = LATER;
    this.ask(SOON);
  }

  /** Poll soon for requests that are not known yet. */
  ask(delay = DEBOUNCE): void {
    const due = performance.now() + delay;
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.#fetch(), delay);
  }

  /**
   * If scripts replaced the page's body and URL, switch to the last page of the new URL; return
   * whether they did.
   */
  turn(): boolean {
    const before = this.page;
    this.page =
      this.all.findLast(
        ({ name, record }) =>
          (name === this.#opened && location.pathname === this.#at) ||
          (record?.document === true && encodeURI(record.path) === location.pathname),
      )?.name ?? before;
    return this.page !== before;
  }

  #saw(entry: PerformanceResourceTiming): void {
    const url = new URL(entry.name);
    if (url.origin !== location.origin || url.href.startsWith(this.#base)) return;
    // Over plain HTTP from another machine, browsers expose no such list.
    const mark = (entry.serverTiming as readonly PerformanceServerTiming[] | undefined)?.find(
      ({ name }) => name === TIMING,
    );
    if (mark !== undefined) this.#add(mark.description, url.pathname, entry.responseStatus);
    // An exception that left the app was answered by its server, or by Werkzeug's debugger.
    else if (entry.responseStatus >= 500 && /^fetch|^xml/.test(entry.initiatorType))
      this.#add(`at ${entry.startTime}`, url.pathname, entry.responseStatus);
  }

  #add(name: string, path: string, status: number): void {
    const known = this.all.find((each) => each.name === name);
    if (known === undefined)
      this.all = [
        ...this.all.filter((each, index) => each.name === this.page || index > this.all.length - KEPT),
        { name, path, status, record: null, tries: 0 },
      ];
    else known.status = status;
    this.ask();
  }

  async #fetch(): Promise<void> {
    this.#due = Infinity;
    // Stop polling a server that does not answer.
    if (this.#waits) return this.ask();
    this.#waits = true;
    const wanted = this.all
      .filter(
        (each) =>
          this.#lacks(each) ||
          (each.name === this.page && each.tries === 0 && this.mode !== "dot" && !document.hidden),
      )
      .slice(-ASKED_AT_ONCE);
    const records = new Map<string, RequestRecord>();
    let text = "";
    if (wanted.length > 0)
      try {
        const answer = await fetch(
          `${this.#base}toolbar/requests?${wanted.map(({ name }) => `of=${name}`).join("&")}`,
          { cache: "no-store" },
        );
        text = await answer.text();
        if (answer.ok) for (const each of this.#take(JSON.parse(text) as Answer)) records.set(each.id, each);
      } catch {
        // The app is restarting; the next attempt may reach it.
      }
    for (const each of wanted) {
      const now = records.get(idOf(each));
      each.tries = now === undefined ? each.tries + 1 : 0;
      if (now === undefined) continue;
      each.record = now;
      this.#insert(now.redirects, this.all.indexOf(each));
      // Requests that the browser reported meanwhile may be newer.
      for (const other of now.caused ?? [])
        this.#insert([other], this.all.findLastIndex((one) => idOf(one) < other.id) + 1);
    }
    // A request that failed in the browser may be among those that the server reported before.
    this.all = this.all.filter((seen) => {
      const same =
        isUnrecorded(seen) &&
        this.all.find(
          ({ status, record: of }) =>
            status === 0 && of !== null && of.error !== null && encodeURI(of.path) === seen.path,
        );
      if (same) same.status = seen.status;
      return !same;
    });
    // Text of an unchanged toolbar stays selectable.
    if (text === "" || text !== this.#said) this.#changed();
    this.#said = text;
    this.#waits = false;
    const waits = this.all
      .filter((each) => this.#lacks(each))
      .map((each) => DEBOUNCE * 1.5 ** each.tries + Math.min(POLL, (each.record?.elapsed ?? 0) / 2e6));
    const more = this.mode === "open" || this.#more-- > 0 || (this.held !== null && !document.hidden);
    const next = Math.min(...waits, more ? POLL : Infinity);
    if (next < Infinity) this.ask(next);
  }

  #take({ requests, held }: Answer): readonly RequestRecord[] {
    this.held = held;
    return requests;
  }

  #insert(records: readonly RequestRecord[] = [], at: number): void {
    const more = records.flatMap((each) => {
      const name = each.name ?? each.id;
      const known = this.all.some((one) => idOf(one) === each.id);
      return known ? [] : [{ name, path: each.path, status: 0, record: each, tries: 0 }];
    });
    this.all = this.all.toSpliced(at, 0, ...more);
  }

  /** Whether there is more to be known of it; the page arrives before its own teardown is recorded. */
  #lacks(request: Request): boolean {
    return (
      request.tries < TRIES &&
      !isUnrecorded(request) &&
      request.record?.state !== "done" &&
      (this.mode !== "dot" || request.name === this.page)
    );
  }
}

/** Whether the app did not respond itself, so that nothing can be fetched. */
export function isUnrecorded({ name }: Request): boolean {
  return name.startsWith("at ");
}

export function idOf({ name }: Request): string {
  return name.split(".")[0] ?? "";
}
