/**
 * The little of Socket.IO (protocol 5 over Engine.IO 4) that one websocket takes: no other transport,
 * no reconnecting of its own, nothing binary. With the rest, socket.io-client is 13 kB of the page.
 */

import type { Json } from "./types";

const VERSION = "EIO=4&transport=websocket";

interface Handlers<Message> {
  /** The server has let it in. */
  readonly onOpen: () => void;
  /** The one event that there is. */
  readonly onMessage: (message: Message) => void;
  /** It is over, or was refused: told once, however it came. */
  readonly onClose: () => void;
}

export class Socket<Message> {
  readonly #ws: WebSocket;
  readonly #auth: object;
  readonly #handlers: Handlers<Message>;
  #patience: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  /**
   * @param path where it is, with a query.
   * @param auth what the server is told on connecting.
   * @param patience ms to wait until it is open; then the server says how often it lets hear of itself.
   */
  constructor(path: string, auth: object, patience: number, handlers: Handlers<Message>) {
    this.#auth = auth;
    this.#patience = patience;
    this.#handlers = handlers;
    const url = new URL(`${path}&${VERSION}`, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    this.#ws = new WebSocket(url);
    this.#ws.addEventListener("message", ({ data }) => {
      this.#take(data as string);
    });
    this.#ws.addEventListener("close", () => {
      this.#close();
    });
    this.#expect();
  }

  emit(name: string, data: Json): void {
    this.#ws.send(`42${JSON.stringify([name, data])}`);
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#ws.close();
    this.#handlers.onClose();
  }

  /** The first digit is Engine.IO's; after 4, a message, the second is Socket.IO's. */
  #take(packet: string): void {
    if (this.#over) return;
    const type = packet.slice(0, packet.startsWith("4") ? 2 : 1);
    const data = packet.slice(type.length);
    if (type === "0") {
      const { pingInterval, pingTimeout } = JSON.parse(data) as Record<
        "pingInterval" | "pingTimeout",
        number
      >;
      this.#patience = pingInterval + pingTimeout;
      this.#ws.send(`40${JSON.stringify(this.#auth)}`);
      this.#expect();
    } else if (type === "2") {
      this.#ws.send("3");
      this.#expect();
    } else if (type === "40") this.#handlers.onOpen();
    else if (type === "42") this.#handlers.onMessage((JSON.parse(data) as [name: string, Message])[1]);
    else this.#close();
  }

  /** Without a word for so long, the server is gone. */
  #expect(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#close();
    }, this.#patience);
  }
}
