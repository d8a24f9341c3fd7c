import type { Duplex } from "node:stream";
import {
  dataFrame,
  type Frame,
  FrameDecoder,
  maximumDataLength,
  pingFrame,
  resetFrame,
  SynStreamEncoder,
} from "./frames.ts";

const cancelStatus = 5;

export interface SpdyStreamEvents {
  data?(data: Buffer): void;
  /** The other side sent its last byte, or reset the stream, or the connection ended. Called once. */
  end?(): void;
}

/** One stream of a connection, both ways. */
export interface SpdyStream {
  /** False: wait for `drained` of the connection before the next write. */
  write(data: Uint8Array): boolean;
  /** Half-close: nothing more is sent. */
  end(): void;
  reset(): void;
}

/**
 * The client's side of a SPDY/3.1 connection, on a socket that was upgraded already. Streams have no windows of their
 * own: Kubernetes' servers neither keep nor grant them, so the socket's back-pressure is all there is.
 */
export class SpdyConnection {
  readonly #socket: Duplex;
  readonly #encoder = new SynStreamEncoder();
  readonly #decoder = new FrameDecoder();
  readonly #streams = new Map<number, SpdyStreamEvents>();
  /** Frames of streams that the server has not replied to yet: it drops data that comes before its reply. */
  readonly #unreplied = new Map<number, Buffer[]>();
  #nextStream = 1;

  /** `head`: bytes that came together with the upgrade's answer. */
  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => this.close());
    socket.on("close", () => this.#endAll());
    if (head.length > 0) this.#receive(head);
  }

  open(headers: Readonly<Record<string, string>>, events: SpdyStreamEvents): SpdyStream {
    const id = this.#nextStream;
    this.#nextStream += 2;
    this.#streams.set(id, events);
    this.#unreplied.set(id, []);
    this.#socket.write(this.#encoder.encode(id, headers));
    return {
      write: (data) => this.#write(id, data),
      end: () => {
        this.#send(id, dataFrame(id, Buffer.alloc(0), true));
      },
      reset: () => {
        if (this.#socket.writable) this.#socket.write(resetFrame(id, cancelStatus));
        this.#finish(id);
      },
    };
  }

  /** Calls back once when buffered bytes have gone out. */
  drained(callback: () => void): void {
    this.#socket.once("drain", callback);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
    this.#endAll();
  }

  #write(id: number, data: Uint8Array): boolean {
    let more = true;
    for (let start = 0; start < data.length; start += maximumDataLength) {
      more = this.#send(id, dataFrame(id, data.subarray(start, start + maximumDataLength)));
    }
    return more;
  }

  #send(id: number, frame: Buffer): boolean {
    const waiting = this.#unreplied.get(id);
    if (waiting === undefined) return !this.#socket.writable || this.#socket.write(frame);
    waiting.push(frame);
    return true;
  }

  #replied(id: number): void {
    const waiting = this.#unreplied.get(id) ?? [];
    this.#unreplied.delete(id);
    for (const frame of waiting) this.#send(id, frame);
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.push(chunk)) this.#handle(frame);
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  #handle(frame: Frame): void {
    switch (frame.type) {
      case "data":
        if (frame.data.length > 0) this.#streams.get(frame.stream)?.data?.(frame.data);
        if (frame.fin) this.#finish(frame.stream);
        return;
      case "reply":
        this.#replied(frame.stream);
        if (frame.fin) this.#finish(frame.stream);
        return;
      case "reset":
        this.#finish(frame.stream);
        return;
      case "ping":
        // Even ids are the server's: it wants them back.
        if (frame.id % 2 === 0) this.#socket.write(pingFrame(frame.id));
        return;
      default:
        return;
    }
  }

  #finish(id: number): void {
    const events = this.#streams.get(id);
    this.#streams.delete(id);
    this.#unreplied.delete(id);
    events?.end?.();
  }

  #endAll(): void {
    for (const id of [...this.#streams.keys()]) this.#finish(id);
  }
}
