/** The websocket of the live stream. */

import { io, type Socket } from "socket.io-client";

interface Handlers<Message> {
  /** The server has let it in. */
  readonly onOpen: () => void;
  /** The one event that the server sends. */
  readonly onMessage: (message: Message) => void;
  /** It is over, or was refused; called once. */
  readonly onClose: () => void;
}

/**
 * Open a websocket that never reconnects by itself: only `Live` decides about the connection.
 *
 * @param ticket what the server lets it in by.
 * @param auth what the server gets on connecting.
 * @param patience ms to wait until it is open; then the server pings it in its own time.
 */
export function openSocket<Message>(
  ticket: string,
  auth: Readonly<Record<string, unknown>>,
  patience: number,
  { onOpen, onMessage, onClose }: Handlers<Message>,
): Socket {
  const { origin, pathname } = new URL("socket.io", document.baseURI);
  const socket = io(origin, {
    path: pathname,
    query: { ticket },
    auth,
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
    timeout: patience,
  });
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    socket.disconnect();
    onClose();
  };
  socket.on("connect", onOpen);
  socket.on("batch", onMessage);
  socket.on("disconnect", close);
  socket.on("connect_error", close);
  // Of what closes before Engine.IO has opened, socket.io-client says nothing until its timeout.
  socket.io.engine.on("close", close);
  return socket;
}
