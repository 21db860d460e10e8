/** A websocket server of the panel's, for tests: the page is at its address. */

import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, vi } from "vitest";
import { WebSocketServer } from "ws";

export let server: WebSocketServer;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  vi.spyOn(document, "baseURI", "get").mockReturnValue(`http://127.0.0.1:${port}/_lifecycle/`);
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const peer of server.clients) peer.terminate();
  server.close();
});

/** Engine.IO's first packet. */
export function hello(pingInterval: number, pingTimeout: number): string {
  return `0${JSON.stringify({ sid: "x", upgrades: [], pingInterval, pingTimeout, maxPayload: 100 })}`;
}
