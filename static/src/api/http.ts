/** The panel's HTTP calls. */

import type { AppMap, Batch, Json, Trace, TracePage } from "./types";

/** The number of attempts if any of several processes may answer. */
const MOST_TRIES = 20;

/** The server refuses this page. */
export class Refused extends Error {}

/** The server does not do what it was told, and says why. */
export class Declined extends Error {}

/** The position from which a stream resumes. */
export interface Resume {
  readonly epoch: string | null;
  readonly last: string | null;
  readonly running: readonly string[];
  /** The trace whose steps are wanted, and how many of them are here. */
  readonly watch: string | null;
  readonly have: number;
  readonly position: string | null;
}

export class Api {
  readonly #key = document.querySelector<HTMLMetaElement>('meta[name="lifecycle-key"]')?.content ?? "";

  /** Whether other processes answer as well, which have requests of their own. */
  several = false;

  async #call(path: string, body?: unknown, method = body === undefined ? "GET" : "POST"): Promise<Response> {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await this.#send(path, { method, ...json }, "application/json");
    if (response.status === 400 || response.status === 409) throw new Declined(await reasonOf(response));
    if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${response.status}`);
    return response;
  }

  async #send(path: string, init: RequestInit, type: string): Promise<Response> {
    const headers = { "X-Lifecycle-Key": this.#key, "Content-Type": type };
    let response: Response;
    let tries = 0;
    do {
      response = await fetch(path, { ...init, headers, cache: "no-store" });
      tries += 1;
    } while (this.several && tries < MOST_TRIES && (response.status === 404 || response.status === 409));
    if (response.status === 403) throw new Refused(await response.text());
    return response;
  }

  async #json<T>(path: string, body?: unknown): Promise<T> {
    const response = await this.#call(path, body);
    return (await response.json()) as T;
  }

  /** Poll for news; retry while other processes than that of this epoch answer. */
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

  /** The newest requests, or those before one, newest first. */
  page(before = ""): Promise<TracePage> {
    return this.#json(`api/traces${before === "" ? "" : `?before=${encodeURIComponent(before)}`}`);
  }

  trace(id: string): Promise<Trace | null> {
    return this.ask(`api/traces/${encodeURIComponent(id)}`);
  }

  /** The response of any other call, with an optional request body; null if there is none. */
  async ask<T>(path: string, body?: Json): Promise<T | null> {
    const response = await this.#call(path, body);
    return response.ok ? ((await response.json()) as T) : null;
  }

  /** Send data, and get a file for it; a text says why there is none. */
  async file(path: string, body: Blob): Promise<Blob | string> {
    const response = await this.#send(
      path,
      { method: "POST", body },
      body.type || "application/octet-stream",
    );
    if (response.ok) return response.blob();
    const { error } = (await response.json()) as { readonly error: string };
    return error;
  }

  /** Send a command with a body; what the server answers, null if it does not know what that is about. */
  async command<T>(path: string, method: "POST" | "PUT", body: Json): Promise<T | null> {
    const response = await this.#call(path, body, method);
    return response.ok ? ((await response.json()) as T) : null;
  }

  /** Send a command to the server. */
  async tell(path: string, method: "POST" | "DELETE"): Promise<void> {
    await this.#call(path, undefined, method);
  }

  app(): Promise<AppMap> {
    return this.#json("api/app");
  }

  clear(epoch: string | null): Promise<void> {
    return this.tell(`api/traces?epoch=${encodeURIComponent(epoch ?? "")}`, "DELETE");
  }

  /** Bring back what was cleared. */
  restore(epoch: string | null): Promise<void> {
    return this.tell(`api/traces/restore?epoch=${encodeURIComponent(epoch ?? "")}`, "POST");
  }

  /** Request a ticket for one websocket; null if too many panels are open. */
  async ticket(): Promise<string | null> {
    return (await this.#json<{ readonly ticket: string | null }>("api/ticket", null)).ticket;
  }
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return String((JSON.parse(text) as { readonly error: unknown }).error);
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}
