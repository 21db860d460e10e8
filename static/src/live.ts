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
  private readonly key = document.querySelector('meta[name="lifecycle-key"]')?.getAttribute("content") ?? "";

  /** Whether other processes answer as well, which have requests of their own. */
  several = false;

  private async call(path: string, method = "GET", body?: unknown): Promise<Response> {
    const headers = { "X-Lifecycle-Key": this.key, "Content-Type": "application/json" };
    let response: Response;
    let tries = 0;
    do {
      response = await fetch(path, { method, headers, cache: "no-store", ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      tries += 1;
    } while (this.several && tries < MOST_TRIES && (response.status === 404 || response.status === 409));
    if (response.status === 403) throw new Refused(await response.text());
    if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${response.status.toString()}`);
    return response;
  }

  /** Ask for what is new; in vain while others than the process of this epoch answer. */
  async batch(resume: Resume): Promise<Batch> {
    let batch: Batch;
    let tries = 0;
    do {
      batch = (await (await this.call("api/batch", "POST", resume)).json()) as Batch;
      tries += 1;
    } while (batch.process.several && resume.epoch !== null && batch.epoch !== resume.epoch && tries < MOST_TRIES);
    return batch;
  }

  /** The requests before this one, newest first. */
  async before(id: string): Promise<TracePage> {
    return (await (await this.call(`api/traces?before=${encodeURIComponent(id)}`)).json()) as TracePage;
  }

  async trace(id: string): Promise<Trace | null> {
    const response = await this.call(`api/traces/${encodeURIComponent(id)}`);
    return response.ok ? ((await response.json()) as Trace) : null;
  }

  /** What any other call answers, with a body if there is one to send, or null where there is nothing. */
  async ask<T>(path: string, body?: Json): Promise<T | null> {
    const response = await this.call(path, body === undefined ? "GET" : "POST", body);
    return response.ok ? ((await response.json()) as T) : null;
  }

  /** Tell the server to do something. */
  async tell(path: string, method: "POST" | "DELETE"): Promise<void> {
    await this.call(path, method);
  }

  async app(): Promise<AppMap> {
    return (await (await this.call("api/app")).json()) as AppMap;
  }

  async clear(epoch: string | null): Promise<void> {
    await this.call(`api/traces?epoch=${encodeURIComponent(epoch ?? "")}`, "DELETE");
  }

  /** Ask for a pass for one websocket; null, where the server has no room for any. */
  async ticket(): Promise<string | null> {
    const answer = (await (await this.call("api/ticket", "POST")).json()) as { ticket: string | null };
    return answer.ticket;
  }
}

export class Live {
  private socket: Socket<Batch> | null = null;
  private wait = FIRST_WAIT;
  private failures = 0;
  private watched: string | null = null;
  private wasLive = false;
  private polls = 0;

  constructor(
    private readonly api: Api,
    private readonly handlers: Handlers,
  ) {}

  start(): void {
    void this.connect();
  }

  /** Ask for the steps of this trace after those that are here; null: of the newest. */
  watch(trace: string | null, have = 0): void {
    this.watched = trace;
    this.socket?.emit("watch", { trace, have });
  }

  private async connect(): Promise<void> {
    let ticket: string | null;
    try {
      ticket = await this.api.ticket();
    } catch (error) {
      // Another run of the server: the page's key is of the one before.
      if (error instanceof Refused && this.wasLive) location.reload();
      else if (error instanceof Refused) this.handlers.onRefused(error.message);
      this.handlers.onConnection("lost");
      this.again();
      return;
    }
    if (ticket === null) this.failures = FAILURES_BEFORE_POLLING;
    if (ticket === null || (this.failures >= FAILURES_BEFORE_POLLING && ++this.polls % POLLS_BEFORE_TRYING !== 0)) {
      await this.poll();
      this.again();
      return;
    }
    const socket = new Socket<Batch>(`socket.io/?ticket=${encodeURIComponent(ticket)}`, this.handlers.resume(), CONNECT_WAIT, {
      onOpen: () => {
        this.socket = socket;
        this.wait = FIRST_WAIT;
        this.failures = 0;
        this.wasLive = true;
        this.handlers.onConnection("live");
        socket.emit("watch", { trace: this.watched });
      },
      onMessage: (batch) => {
        this.took(batch);
        socket.emit("ack", batch.seq);
      },
      onClose: () => {
        if (this.socket === null) this.failures += 1;
        this.socket = null;
        if (this.failures < FAILURES_BEFORE_POLLING) this.handlers.onConnection("lost");
        this.again();
      },
    });
  }

  private took(batch: Batch): void {
    this.api.several = batch.process.several;
    this.handlers.onBatch(batch);
  }

  private async poll(): Promise<void> {
    try {
      this.took(await this.api.batch(this.handlers.resume()));
      this.wasLive = true;
      this.handlers.onConnection("polling");
    } catch {
      this.handlers.onConnection("lost");
    }
  }

  private again(): void {
    const wait = this.failures >= FAILURES_BEFORE_POLLING ? POLL_WAIT : this.wait;
    this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
    setTimeout(() => void this.connect(), wait);
  }
}
