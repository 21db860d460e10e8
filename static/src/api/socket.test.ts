// @vitest-environment happy-dom

import type { Socket } from "socket.io-client";
import { expect, test, vi } from "vitest";
import type { WebSocket as Peer } from "ws";

import { hello, server } from "../testing/server";
import { openSocket } from "./socket";

interface Connected {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly packets: readonly string[];
  readonly calls: readonly string[];
  readonly path: string | undefined;
}

/** Connect; return the server's end, the packets that come to it, and what the page was called with. */
async function connect(patience = 5000): Promise<Connected> {
  const calls: string[] = [];
  const packets: string[] = [];
  const came = new Promise<{ peer: Peer; path: string | undefined }>((resolve) => {
    server.once("connection", (peer, request) => {
      peer.on("message", (data) => {
        packets.push((data as Buffer).toString());
      });
      resolve({ peer, path: request.url });
    });
  });
  const socket = openSocket<string>("a", { last: "b" }, patience, {
    onOpen: () => {
      calls.push("open");
    },
    onMessage: (message) => {
      calls.push(message);
    },
    onClose: () => {
      calls.push("close");
    },
  });
  return { socket, packets, calls, ...(await came) };
}

test("it says who it is, takes messages, answers pings and sends", async () => {
  const { socket, peer, packets, calls, path } = await connect();
  expect(path).toBe("/_lifecycle/socket.io/?ticket=a&EIO=4&transport=websocket");
  peer.send(hello(5000, 5000));
  await vi.waitFor(() => {
    expect(packets).toEqual(['40{"last":"b"}']);
  });
  expect(calls).toEqual([]);
  peer.send('40{"sid":"y"}');
  peer.send('42["batch","4\\n2"]');
  peer.send("2");
  await vi.waitFor(() => {
    expect(packets).toEqual(['40{"last":"b"}', "3"]);
  });
  expect(calls).toEqual(["open", "4\n2"]);
  socket.emit("ack", 1);
  await vi.waitFor(() => {
    expect(packets.at(-1)).toBe('42["ack",1]');
  });
});

test.each(['44{"message":"refused"}', "41", "what?"])("%s ends it", async (packet) => {
  const { peer, calls } = await connect();
  peer.send(hello(5000, 5000));
  peer.send(packet);
  await new Promise((resolve) => peer.once("close", resolve));
  expect(calls).toEqual(["close"]);
});

test("a server that goes ends it", async () => {
  const { peer, calls } = await connect();
  peer.terminate();
  await vi.waitFor(() => {
    expect(calls).toEqual(["close"]);
  });
});

test("a server that never says a word is not waited for", async () => {
  const { calls } = await connect(30);
  await vi.waitFor(() => {
    expect(calls).toEqual(["close"]);
  });
});

test("a server that falls silent is gone", async () => {
  const { peer, calls } = await connect();
  peer.send(hello(30, 30));
  peer.send('40{"sid":"y"}');
  await vi.waitFor(() => {
    expect(calls).toEqual(["open", "close"]);
  });
});
