import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocketServer, type WebSocket as Peer } from "ws";

import { Socket } from "./socket";

let server: WebSocketServer;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  vi.spyOn(document, "baseURI", "get").mockReturnValue(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/_lifecycle/`,
  );
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const peer of server.clients) peer.terminate();
  server.close();
});

/** Connect; return the server's end, what comes to it, and what the page was told. */
async function connect(
  patience = 5000,
): Promise<{ socket: Socket<string>; peer: Peer; said: string[]; told: string[]; path: string | undefined }> {
  const told: string[] = [];
  const said: string[] = [];
  const came = new Promise<{ peer: Peer; path: string | undefined }>((resolve) => {
    server.once("connection", (peer, request) => {
      peer.on("message", (data) => {
        said.push((data as Buffer).toString());
      });
      resolve({ peer, path: request.url });
    });
  });
  const socket = new Socket<string>("socket.io/?ticket=a", { last: "b" }, patience, {
    onOpen: () => {
      told.push("open");
    },
    onMessage: (message) => {
      told.push(message);
    },
    onClose: () => {
      told.push("close");
    },
  });
  return { socket, said, told, ...(await came) };
}

const HELLO = `0${JSON.stringify({ sid: "x", upgrades: [], pingInterval: 30, pingTimeout: 30, maxPayload: 100 })}`;

test("it says who it is, takes messages, answers pings and sends", async () => {
  const { socket, peer, said, told, path } = await connect();
  expect(path).toBe("/_lifecycle/socket.io/?ticket=a&EIO=4&transport=websocket");
  peer.send(HELLO.replaceAll("30", "5000"));
  await vi.waitFor(() => {
    expect(said).toEqual(['40{"last":"b"}']);
  });
  expect(told).toEqual([]);
  peer.send('40{"sid":"y"}');
  peer.send('42["batch","4\\n2"]');
  peer.send("2");
  await vi.waitFor(() => {
    expect(said).toEqual(['40{"last":"b"}', "3"]);
  });
  expect(told).toEqual(["open", "4\n2"]);
  socket.emit("ack", 1);
  await vi.waitFor(() => {
    expect(said.at(-1)).toBe('42["ack",1]');
  });
});

test.each(['44{"message":"refused"}', "41", "1", "what?"])("%s ends it", async (packet) => {
  const { peer, told } = await connect();
  peer.send(packet);
  await new Promise((resolve) => peer.once("close", resolve));
  expect(told).toEqual(["close"]);
});

test("a server that goes ends it", async () => {
  const { peer, told } = await connect();
  peer.terminate();
  await vi.waitFor(() => {
    expect(told).toEqual(["close"]);
  });
});

test("a server that never says a word is not waited for", async () => {
  const { told } = await connect(30);
  await vi.waitFor(() => {
    expect(told).toEqual(["close"]);
  });
});

test("a server that falls silent is gone", async () => {
  const { peer, told } = await connect();
  peer.send(HELLO);
  peer.send("40{}");
  await vi.waitFor(() => {
    expect(told).toEqual(["open", "close"]);
  });
});
