/** Where requests come from: the app's server, or a recording, which has no server. */

import type { Json, Recording } from "../api/types";

export interface Backend {
  /** Fetch the response of one of the API's calls; null if there is none. */
  readonly ask: <T>(path: string, body?: Json) => Promise<T | null>;
  readonly tell: (path: string, method: "POST" | "DELETE") => Promise<void>;
  /** Read a recording from a file; a text says what is wrong with it. */
  readonly open: (file: File) => Promise<Recording | string>;
  readonly loadMap: () => Promise<void>;
  readonly fetchOlder: () => Promise<void>;
  readonly forget: () => void;
  readonly restore: () => Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

/** A backend that has what it answers, and takes no commands. */
export function readOnly(ask: Backend["ask"]): Backend {
  const open = (): Promise<string> => Promise.resolve("this page opens no files.");
  return {
    ask,
    open,
    tell: nothing,
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
export const open: Backend["open"] = (file) => backend.open(file);
export const loadMap: Backend["loadMap"] = () => backend.loadMap();
export const fetchOlder: Backend["fetchOlder"] = () => backend.fetchOlder();
export const forget: Backend["forget"] = () => {
  backend.forget();
};
export const restore: Backend["restore"] = () => backend.restore();
