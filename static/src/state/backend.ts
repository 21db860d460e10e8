/** Where requests come from: the app's server, or a recording, which has no server. */

import type { Json } from "../api/types";

export interface Backend {
  /** Fetch the response of one of the API's calls; null if there is none. */
  readonly ask: <T>(path: string, body?: Json) => Promise<T | null>;
  readonly tell: (path: string, method: "POST" | "DELETE") => Promise<void>;
  /** Send data, and get a file for it; a text says why there is none. */
  readonly file: (path: string, body: Blob) => Promise<Blob | string>;
  /** Send a command with a body; null if the server does not do it. */
  readonly command: <T>(path: string, method: "POST" | "PUT", body: Json) => Promise<T | null>;
  readonly loadMap: () => Promise<void>;
  readonly fetchOlder: () => Promise<void>;
  readonly forget: () => void;
  readonly restore: () => Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

/** A backend that has what it answers, and takes no commands. */
export function readOnly(ask: Backend["ask"]): Backend {
  const file = (): Promise<string> => Promise.resolve("this page has no server.");
  return {
    ask,
    file,
    tell: nothing,
    command: () => Promise.resolve(null),
    loadMap: nothing,
    fetchOlder: nothing,
    forget: nothing,
    restore: nothing,
  };
}

let backend: Backend = readOnly(() => Promise.resolve(null));

export function setBackend(to: Backend): void {
  backend = to;
}

export const ask: Backend["ask"] = (path, body) => backend.ask(path, body);
export const tell: Backend["tell"] = (path, method) => backend.tell(path, method);
export const file: Backend["file"] = (path, body) => backend.file(path, body);
export const command: Backend["command"] = (path, method, body) => backend.command(path, method, body);
export const loadMap: Backend["loadMap"] = () => backend.loadMap();
export const fetchOlder: Backend["fetchOlder"] = () => backend.fetchOlder();
export const forget: Backend["forget"] = () => {
  backend.forget();
};
export const restore: Backend["restore"] = () => backend.restore();
