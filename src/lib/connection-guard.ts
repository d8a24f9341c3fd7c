/**
 * Deadlines and numbers for the connections of a server, plain or TLS, HTTP/1.1 or HTTP/2: a handshake, a first request and
 * a pause between requests take only so long, and of connections that have not shown whose they are, or that do nothing,
 * there are only so many: where there is one too many, that which waited longest goes, so that a newcomer is never refused.
 * A connection with a request under way (a watch, an exec, a proxied upgrade) is left alone, however long that takes.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Clock, systemClock } from "./clock.ts";

export interface ConnectionLimits {
  /** From the connection to the end of its handshake, in milliseconds; as all of these. */
  readonly handshakeMs: number;
  /** From then to the first request. */
  readonly firstRequestMs: number;
  /** From the last answer to the next request. */
  readonly idleMs: number;
  /** How many may be open that have not shown whose they are. */
  readonly unproven: number;
  /** How many may be open that have shown it, and have no request under way. */
  readonly idle: number;
}

/** For a node's own servers, which probes, collectors and the API server ask: the same deadlines, smaller numbers. */
export const nodeServerLimits: ConnectionLimits = {
  handshakeMs: 10_000,
  firstRequestMs: 32_000,
  idleMs: 90_000,
  unproven: 200,
  idle: 200,
};

type GuardedRequest = IncomingMessage | Http2ServerRequest;
type GuardedResponse = ServerResponse | Http2ServerResponse;
type Phase = "handshake" | "new" | "idle" | "busy" | "handed over";

interface Connection {
  readonly socket: Socket;
  phase: Phase;
  /** When the phase began. */
  since: number;
  /** Requests under way. */
  requests: number;
  /** Whether a certificate or a token was found good. */
  proven: boolean;
  /** Says goodbye, as its protocol does; what does not go then is destroyed. */
  end(): void;
}

const sweepMs = 5_000;

export class ConnectionGuard {
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  /** By the client's address and port, which a TLS socket and a session have in common with the socket below them. */
  readonly #connections = new Map<string, Connection>();
  readonly #byCarrier = new WeakMap<object, Connection>();
  /** Those without a request under way, in the order in which they came to that. */
  readonly #waiting = { unproven: new Set<Connection>(), idle: new Set<Connection>() };
  readonly #newcomers = new Newcomers();
  #unproven = 0;
  #cancelSweep: (() => void) | undefined;

  constructor(limits: ConnectionLimits, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Connections that are open. */
  get size(): number {
    return this.#connections.size;
  }

  /** Call before the server listens. Requests of HTTP are counted from their event to the end of the response. */
  watch(server: Server, { tls = true } = {}): void {
    const accept = server.listeners("connection");
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      this.#opened(socket, tls);
      this.#newcomers.begin(socket, () => {
        for (const listener of accept) listener.call(server, socket);
      });
    });
    server.prependListener("secureConnection", (socket: TLSSocket) => this.#secured(socket));
    server.on("session", (session: ServerHttp2Session) => {
      const connection = this.#carries(session, session.socket);
      if (connection !== undefined) connection.end = () => session.close();
    });
    server.prependListener("request", (request: GuardedRequest, response: GuardedResponse) => {
      this.#requested(request, response);
    });
    server.prependListener("upgrade", (request: GuardedRequest) => this.handOver(request));
    server.once("close", () => this.#cancelSweep?.());
  }

  /** The connection is somebody else's from now on, and has no deadline here. */
  handOver(request: GuardedRequest): void {
    const connection = this.#of(request);
    if (connection !== undefined) this.#enter(connection, "handed over");
  }

  #opened(socket: Socket, tls: boolean): void {
    const key = keyOf(socket);
    if (key === undefined) return;
    const connection: Connection = {
      socket,
      phase: tls ? "handshake" : "new",
      since: this.#clock.now(),
      requests: 0,
      proven: false,
      end: () => socket.destroy(),
    };
    this.#connections.set(key, connection);
    this.#byCarrier.set(socket, connection);
    this.#waiting.unproven.add(connection);
    this.#unproven++;
    socket.once("close", () => this.#closed(key, connection));
    if (this.#unproven > this.#limits.unproven) this.#dropFirst(this.#waiting.unproven);
    this.#cancelSweep ??= this.#clock.schedule(sweepMs, this.#sweep);
  }

  #closed(key: string, connection: Connection): void {
    if (this.#connections.get(key) === connection) this.#connections.delete(key);
    this.#waiting.unproven.delete(connection);
    this.#waiting.idle.delete(connection);
    if (!connection.proven) this.#unproven--;
  }

  #secured(socket: TLSSocket): void {
    const connection = this.#carries(socket, socket);
    if (connection === undefined) return;
    if (socket.authorized) this.#prove(connection);
    this.#enter(connection, "new");
  }

  #carries(carrier: object, socket: Pick<Socket, "remoteAddress" | "remotePort">): Connection | undefined {
    const connection = this.#connections.get(keyOf(socket) ?? "");
    if (connection !== undefined) this.#byCarrier.set(carrier, connection);
    return connection;
  }

  #of(request: GuardedRequest): Connection | undefined {
    const carrier = "stream" in request ? request.stream.session : request.socket;
    return carrier === undefined ? undefined : this.#byCarrier.get(carrier);
  }

  #requested(request: GuardedRequest, response: GuardedResponse): void {
    const connection = this.#of(request);
    if (connection === undefined) return;
    connection.requests++;
    if (connection.phase !== "busy") this.#enter(connection, "busy");
    response.once("close", () => {
      if (!connection.proven && request.headers.authorization !== undefined && response.statusCode !== 401) {
        this.#prove(connection);
      }
      connection.requests--;
      if (connection.requests === 0 && connection.phase === "busy") this.#enter(connection, "idle");
    });
  }

  #prove(connection: Connection): void {
    if (connection.proven) return;
    connection.proven = true;
    this.#unproven--;
    if (this.#waiting.unproven.delete(connection)) this.#waiting.idle.add(connection);
  }

  #enter(connection: Connection, phase: Phase): void {
    const { unproven, idle } = this.#waiting;
    connection.phase = phase;
    connection.since = this.#clock.now();
    const waiting = connection.proven ? idle : unproven;
    waiting.delete(connection);
    if (phase === "busy" || phase === "handed over" || connection.socket.destroyed) return;
    waiting.add(connection);
    if (idle.size > this.#limits.idle) this.#dropFirst(idle);
  }

  #dropFirst(waiting: ReadonlySet<Connection>): void {
    for (const { socket } of waiting) {
      socket.destroy();
      return;
    }
  }

  readonly #sweep = (): void => {
    const now = this.#clock.now();
    for (const waiting of Object.values(this.#waiting)) {
      for (const connection of waiting) {
        const overdue = now - connection.since - this.#deadlineOf(connection.phase);
        if (overdue >= sweepMs) connection.socket.destroy();
        else if (overdue >= 0) connection.end();
      }
    }
    this.#cancelSweep = this.#connections.size === 0 ? undefined : this.#clock.schedule(sweepMs, this.#sweep);
  };

  #deadlineOf(phase: Phase): number {
    if (phase === "handshake") return this.#limits.handshakeMs;
    return phase === "new" ? this.#limits.firstRequestMs : this.#limits.idleMs;
  }
}

/** A handshake takes a few milliseconds of the thread. */
const newcomersPerTurn = 2;

/** Lets a few connections begin in a turn of the event loop, so that a thousand at once do not hold up those that are there. */
class Newcomers {
  /** In order; what was destroyed meanwhile is not there any more. */
  readonly #waiting = new Map<Socket, () => void>();
  #begun = 0;
  #next: NodeJS.Immediate | undefined;

  begin(socket: Socket, accept: () => void): void {
    this.#next ??= setImmediate(this.#nextTurn);
    if (this.#begun >= newcomersPerTurn) {
      this.#waiting.set(socket, accept);
      socket.once("close", () => this.#waiting.delete(socket));
    } else {
      this.#begun++;
      accept();
    }
  }

  readonly #nextTurn = (): void => {
    this.#begun = 0;
    this.#next = this.#waiting.size === 0 ? undefined : setImmediate(this.#nextTurn);
    for (const [socket, accept] of this.#waiting) {
      this.#waiting.delete(socket);
      this.#begun++;
      if (!socket.destroyed) accept();
      if (this.#begun >= newcomersPerTurn) return;
    }
  };
}

/** Undefined once the client is gone. */
function keyOf({ remoteAddress, remotePort }: Pick<Socket, "remoteAddress" | "remotePort">): string | undefined {
  return remotePort === undefined ? undefined : `${remoteAddress} ${remotePort}`;
}
