/**
 * Kubernetes' channels over a WebSocket: each message starts with the number of its channel. Fed by clients that ask
 * for v5.channel.k8s.io, v4.channel.k8s.io, channel.k8s.io or their base64 forms; feeds remote commands and port
 * forwarding.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";

export interface ChannelSocketEvents {
  data(channel: number, data: Buffer): void;
  /** v5 only: the client will send nothing more on the channel. */
  closeChannel(channel: number): void;
  closed(): void;
}

/** v5's message that closes a channel is its number on this channel. */
const closeChannel = 255;
/** Bytes waiting to be sent above which the sender should pause. */
const highWaterMark = 1024 * 1024;
const normalClosure = 1000;
const pingIntervalMs = 30_000;

export class ChannelSocket {
  readonly protocol: string;
  readonly #socket: WebSocket;
  readonly #base64: boolean;

  constructor(socket: WebSocket, events: ChannelSocketEvents) {
    this.#socket = socket;
    this.protocol = socket.protocol;
    this.#base64 = socket.protocol.includes("base64");
    socket.on("message", (raw: RawData) => this.#receive(toBuffer(raw), events));
    const pings = setInterval(() => socket.ping(), pingIntervalMs);
    socket.on("close", () => {
      clearInterval(pings);
      events.closed();
    });
    // A close event follows.
    socket.on("error", () => socket.terminate());
  }

  /** False: the client reads slower than this; see `bufferedBelow`. */
  send(channel: number, data: Uint8Array, sent?: () => void): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return true;
    const done = (): void => sent?.();
    if (this.#base64) {
      const text = `${channel}${Buffer.from(data).toString("base64")}`;
      this.#socket.send(text, done);
    } else {
      const message = Buffer.allocUnsafe(data.length + 1);
      message[0] = channel;
      message.set(data, 1);
      this.#socket.send(message, { binary: true }, done);
    }
    return this.#socket.bufferedAmount < highWaterMark;
  }

  get isCongested(): boolean {
    return this.#socket.bufferedAmount >= highWaterMark;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.close(normalClosure);
  }

  #receive(message: Buffer, events: ChannelSocketEvents): void {
    const first = message[0];
    if (first === undefined) return;
    if (this.#base64) {
      const data = Buffer.from(message.subarray(1).toString("latin1"), "base64");
      events.data(first - "0".charCodeAt(0), data);
    } else if (first === closeChannel && this.protocol.startsWith("v5.")) {
      if (message[1] !== undefined) events.closeChannel(message[1]);
    } else events.data(first, message.subarray(1));
  }
}

export function toBuffer(raw: RawData): Buffer {
  if (Buffer.isBuffer(raw)) return raw;
  return Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw);
}

/** Protocols that the client offers, in its order. */
export function offeredProtocols(request: { headers: IncomingMessage["headers"] }): string[] {
  const header = request.headers["sec-websocket-protocol"] ?? "";
  return header
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/**
 * Answers the handshake with the first of the client's protocols that is in `supported`, or with none. Rejects where the
 * client has closed the connection, or does so meanwhile.
 */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  supported: readonly string[],
): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => [...offered].find((one) => supported.includes(one)) ?? false,
  });
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("the client closed the connection during the handshake"));
    // The close event may be over by now.
    if (socket.destroyed) gone();
    socket.once("close", gone);
    server.handleUpgrade(request, socket, head, resolve);
  });
}
