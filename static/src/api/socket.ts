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
 * @param ticket the ticket that authorises it.
 * @param auth the data sent on connecting.
 * @param patience the timeout for opening, ms; from then on the server pings it.
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
  // socket.io-client reports a close before Engine.IO has opened only after its timeout.
  socket.io.engine.on("close", close);
  return socket;
}
