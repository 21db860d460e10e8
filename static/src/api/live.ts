/** The connection: one websocket that resumes where it was, short polling where there is none. */

import { Socket } from "./socket";
import type { AppMap, Batch, Json, Trace, TracePage } from "./types";
import type { Connection } from "./state";

const FIRST_WAIT = 250;
/** The page is to go on within two seconds from when the server is back. */
const LONGEST_WAIT = 1000;
const FAILURES_BEFORE_POLLING = 3;
const POLL_WAIT = 1000;
const CONNECT_WAIT = 3000;
/** Where websockets failed, one is tried again after so many polls. */
const POLLS_BEFORE_TRYING = 30;
/** How often to ask where any of several processes may answer. */
const MOST_TRIES = 20;

class Refused extends Error {}

export interface Resume {
  readonly epoch: string | null;
  readonly last: string | null;
  readonly running: readonly string[];
  /** The trace whose steps are wanted, and how many of them are here. */
  readonly watch: string | null;
  readonly have: number;
}

interface Handlers {
  readonly onBatch: (batch: Batch) => void;
  readonly onConnection: (connection: Connection) => void;
  /** Why the server answers nothing. */
  readonly onRefused: (why: string) => void;
  readonly resume: () => Resume;
}

export class Api {
  readonly #key = document.querySelector<HTMLMetaElement>('meta[name="lifecycle-key"]')?.content ?? "";

  /** Whether other processes answer as well, which have requests of their own. */
  several = false;

  async #call(path: string, body?: unknown, method = body === undefined ? "GET" : "POST"): Promise<Response> {
    const headers = { "X-Lifecycle-Key": this.#key, "Content-Type": "application/json" };
    let response: Response;
    let tries = 0;
    do {
      response = await fetch(path, {
        method,
        headers,
        cache: "no-store",
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      tries += 1;
    } while (this.several && tries < MOST_TRIES && (response.status === 404 || response.status === 409));
    if (response.status === 403) throw new Refused(await response.text());
    if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${response.status}`);
    return response;
  }

  async #json<T>(path: string, body?: unknown): Promise<T> {
    const response = await this.#call(path, body);
    return (await response.json()) as T;
  }

  /** Ask for what is new; in vain while others than the process of this epoch answer. */
  async batch(resume: Resume): Promise<Batch> {
    let batch: Batch;
    let tries = 0;
    do {
      batch = await this.#json<Batch>("api/batch", resume);
      tries += 1;
    } while (
      batch.process.several &&
      resume.epoch !== null &&
      batch.epoch !== resume.epoch &&
      tries < MOST_TRIES
    );
    return batch;
  }

  /** The requests before this one, newest first. */
  before(id: string): Promise<TracePage> {
    return this.#json(`api/traces?before=${encodeURIComponent(id)}`);
  }

  trace(id: string): Promise<Trace | null> {
    return this.ask(`api/traces/${encodeURIComponent(id)}`);
  }

  /** What any other call answers, with a body if there is one to send, or null where there is nothing. */
  async ask<T>(path: string, body?: Json): Promise<T | null> {
    const response = await this.#call(path, body);
    return response.ok ? ((await response.json()) as T) : null;
  }

  /** Tell the server to do something. */
  async tell(path: string, method: "POST" | "DELETE"): Promise<void> {
    await this.#call(path, undefined, method);
  }

  app(): Promise<AppMap> {
    return this.#json("api/app");
  }

  clear(epoch: string | null): Promise<void> {
    return this.tell(`api/traces?epoch=${encodeURIComponent(epoch ?? "")}`, "DELETE");
  }

  /** Ask for a pass for one websocket; null, where the server has no room for any. */
  async ticket(): Promise<string | null> {
    return (await this.#json<{ readonly ticket: string | null }>("api/ticket", null)).ticket;
  }
}

export class Live {
  readonly #api: Api;
  readonly #handlers: Handlers;
  #socket: Socket<Batch> | null = null;
  #wait = FIRST_WAIT;
  #failures = 0;
  #watched: string | null = null;
  #wasLive = false;
  #polls = 0;
  /** Whether that was logged: it may come 30 times a second. */
  #hasFailed = false;

  constructor(api: Api, handlers: Handlers) {
    this.#api = api;
    this.#handlers = handlers;
  }

  start(): void {
    void this.#connect();
  }

  /** Ask for the steps of this trace after those that are here; null: of the newest. */
  watch(trace: string | null, have = 0): void {
    this.#watched = trace;
    this.#socket?.emit("watch", { trace, have });
  }

  async #connect(): Promise<void> {
    let ticket: string | null;
    try {
      ticket = await this.#api.ticket();
    } catch (error) {
      // Another run of the server: the page's key is of the one before.
      if (error instanceof Refused && this.#wasLive) location.reload();
      else if (error instanceof Refused) this.#handlers.onRefused(error.message);
      this.#handlers.onConnection("lost");
      this.#again();
      return;
    }
    if (ticket === null) this.#failures = FAILURES_BEFORE_POLLING;
    if (
      ticket === null ||
      (this.#failures >= FAILURES_BEFORE_POLLING && ++this.#polls % POLLS_BEFORE_TRYING !== 0)
    ) {
      await this.#poll();
      this.#again();
      return;
    }
    const socket = new Socket<Batch>(
      `socket.io/?ticket=${encodeURIComponent(ticket)}`,
      this.#handlers.resume(),
      CONNECT_WAIT,
      {
        onOpen: () => {
          this.#socket = socket;
          this.#wait = FIRST_WAIT;
          this.#failures = 0;
          this.#wasLive = true;
          this.#handlers.onConnection("live");
          socket.emit("watch", { trace: this.#watched });
        },
        onMessage: (batch) => {
          this.#took(batch);
          socket.emit("ack", batch.seq);
        },
        onClose: () => {
          if (this.#socket === null) this.#failures += 1;
          this.#socket = null;
          if (this.#failures < FAILURES_BEFORE_POLLING) this.#handlers.onConnection("lost");
          this.#again();
        },
      },
    );
  }

  #took(batch: Batch): void {
    this.#api.several = batch.process.several;
    try {
      this.#handlers.onBatch(batch);
    } catch (error) {
      // The server waits for what is not acknowledged: one fault here would end the stream.
      if (!this.#hasFailed)
        console.error("flask-lifecycle could not take in what the server sent; it goes on.", error);
      this.#hasFailed = true;
    }
  }

  async #poll(): Promise<void> {
    try {
      this.#took(await this.#api.batch(this.#handlers.resume()));
      this.#wasLive = true;
      this.#handlers.onConnection("polling");
    } catch {
      this.#handlers.onConnection("lost");
    }
  }

  #again(): void {
    const wait = this.#failures >= FAILURES_BEFORE_POLLING ? POLL_WAIT : this.#wait;
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2);
    setTimeout(() => void this.#connect(), wait);
  }
}
