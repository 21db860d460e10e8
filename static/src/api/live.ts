/** The connection: one websocket that resumes where it was, short polling where there is none. */

import type { Socket } from "socket.io-client";

import { Refused, type Api, type Resume } from "./http";
import { openSocket } from "./socket";
import type { Batch } from "./types";

const FIRST_WAIT = 250;
/** The page is to go on within two seconds from when the server is back. */
const LONGEST_WAIT = 1000;
const FAILURES_BEFORE_POLLING = 3;
const POLL_WAIT = 1000;
/** Where a server has several processes, what runs in one of them is seen by a poll of another one. */
const POLL_WAIT_SEVERAL = 200;
/** Polls take a quarter of the time at most: one that takes longer meets a server that is busy. */
const POLL_PAUSE = 3;
const CONNECT_WAIT = 3000;
/** After a failed websocket, the number of polls before the next attempt. */
const POLLS_BEFORE_TRYING = 30;

/** "polling": there is no websocket; "lost": the server does not answer. */
export type Connection = "connecting" | "live" | "polling" | "lost";

interface Handlers {
  readonly onBatch: (batch: Batch) => void;
  readonly onConnection: (connection: Connection) => void;
  /** Why the server refuses to answer. */
  readonly onRefused: (why: string) => void;
  readonly resume: () => Resume;
}

export class Live {
  readonly #api: Api;
  readonly #handlers: Handlers;
  #socket: Socket | null = null;
  #wait = FIRST_WAIT;
  #failures = 0;
  #watched: string | null = null;
  #polls = 0;
  #pollWait = POLL_WAIT;
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
      // It stays as it is: what it shows may be nowhere else.
      if (error instanceof Refused) this.#handlers.onRefused(error.message);
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
    const socket = openSocket<Batch>(ticket, { ...this.#handlers.resume() }, CONNECT_WAIT, {
      onOpen: () => {
        this.#socket = socket;
        this.#wait = FIRST_WAIT;
        this.#failures = 0;
        this.#handlers.onConnection("live");
        socket.emit("watch", { trace: this.#watched });
      },
      onMessage: (batch) => {
        this.#take(batch);
        socket.emit("ack", batch.seq);
      },
      onClose: () => {
        if (this.#socket === null) this.#failures += 1;
        this.#socket = null;
        if (this.#failures < FAILURES_BEFORE_POLLING) this.#handlers.onConnection("lost");
        this.#again();
      },
    });
  }

  #take(batch: Batch): void {
    this.#api.several = batch.process.several;
    try {
      this.#handlers.onBatch(batch);
    } catch (error) {
      // The server waits for acknowledgements: an error here would end the stream.
      if (!this.#hasFailed)
        console.error(
          "flask-lifecycle could not process a message from the server; the stream continues.",
          error,
        );
      this.#hasFailed = true;
    }
  }

  async #poll(): Promise<void> {
    const begun = performance.now();
    this.#pollWait = POLL_WAIT;
    try {
      const batch = await this.#api.batch(this.#handlers.resume());
      const pause = Math.max(POLL_WAIT_SEVERAL, POLL_PAUSE * (performance.now() - begun));
      if (batch.process.several) this.#pollWait = Math.min(POLL_WAIT, pause);
      this.#take(batch);
      this.#handlers.onConnection("polling");
    } catch {
      this.#handlers.onConnection("lost");
    }
  }

  #again(): void {
    const wait = this.#failures >= FAILURES_BEFORE_POLLING ? this.#pollWait : this.#wait;
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2);
    setTimeout(() => void this.#connect(), wait);
  }
}
