/** The connection: one websocket that resumes where it was, short polling where there is none. */

import { io, type Socket } from "socket.io-client";

import type { AppMap, Batch, SourceLines, Trace, TracePage } from "./types";
import type { Connection } from "./state";

const FIRST_WAIT = 250;
const LONGEST_WAIT = 2000;
const FAILURES_BEFORE_POLLING = 3;

class Refused extends Error {}

export interface Resume {
  readonly epoch: string | null;
  readonly last: string | null;
  readonly running: readonly string[];
}

interface Handlers {
  readonly onBatch: (batch: Batch) => void;
  readonly onPage: (page: TracePage) => void;
  readonly onConnection: (connection: Connection) => void;
  readonly resume: () => Resume;
}

export class Api {
  private readonly key = document.querySelector('meta[name="lifecycle-key"]')?.getAttribute("content") ?? "";

  private async call(path: string, method = "GET"): Promise<Response> {
    const response = await fetch(path, { method, headers: { "X-Lifecycle-Key": this.key }, cache: "no-store" });
    if (response.status === 403) throw new Refused(`${method} ${path}`);
    if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${response.status.toString()}`);
    return response;
  }

  async traces(): Promise<TracePage> {
    return (await (await this.call("api/traces?limit=200")).json()) as TracePage;
  }

  async trace(id: string): Promise<Trace | null> {
    const response = await this.call(`api/traces/${encodeURIComponent(id)}`);
    return response.ok ? ((await response.json()) as Trace) : null;
  }

  async source(id: string, step: number): Promise<SourceLines | null> {
    const response = await this.call(`api/traces/${encodeURIComponent(id)}/steps/${step.toString()}/source`);
    return response.ok ? ((await response.json()) as SourceLines) : null;
  }

  async app(): Promise<AppMap> {
    return (await (await this.call("api/app")).json()) as AppMap;
  }

  async clear(): Promise<void> {
    await this.call("api/traces", "DELETE");
  }

  async ticket(): Promise<string> {
    const answer = (await (await this.call("api/ticket", "POST")).json()) as { ticket: string };
    return answer.ticket;
  }
}

export class Live {
  private socket: Socket | null = null;
  private wait = FIRST_WAIT;
  private failures = 0;
  private watched: string | null = null;
  private wasLive = false;

  constructor(
    private readonly api: Api,
    private readonly handlers: Handlers,
  ) {}

  start(): void {
    void this.connect();
  }

  /** Ask for the steps of this trace; null: of the newest. */
  watch(trace: string | null): void {
    this.watched = trace;
    this.socket?.emit("watch", { trace });
  }

  private async connect(): Promise<void> {
    let ticket: string;
    try {
      ticket = await this.api.ticket();
    } catch (error) {
      // Another run of the server: the page's key is of the one before.
      if (error instanceof Refused && this.wasLive) location.reload();
      this.handlers.onConnection("lost");
      this.again();
      return;
    }
    const socket = io({
      path: new URL("socket.io/", document.baseURI).pathname,
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      query: { ticket },
      auth: { ...this.handlers.resume() },
    });
    this.socket = socket;
    socket.on("connect", () => {
      this.wait = FIRST_WAIT;
      this.failures = 0;
      this.wasLive = true;
      this.handlers.onConnection("live");
      socket.emit("watch", { trace: this.watched });
    });
    socket.on("batch", (batch: Batch) => {
      this.handlers.onBatch(batch);
      socket.emit("ack", batch.seq);
    });
    socket.on("connect_error", () => {
      this.failures += 1;
      this.lost(socket);
    });
    socket.on("disconnect", () => {
      this.lost(socket);
    });
  }

  private lost(socket: Socket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    socket.close();
    if (this.failures >= FAILURES_BEFORE_POLLING) void this.poll();
    else this.handlers.onConnection("lost");
    this.again();
  }

  private async poll(): Promise<void> {
    try {
      this.handlers.onPage(await this.api.traces());
      this.handlers.onConnection("polling");
    } catch {
      this.handlers.onConnection("lost");
    }
  }

  private again(): void {
    const wait = this.failures >= FAILURES_BEFORE_POLLING ? 1000 : this.wait;
    this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
    setTimeout(() => void this.connect(), wait);
  }
}
