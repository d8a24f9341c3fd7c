/**
 * HTTP/2 to one API server. Requests and watches share sessions; a further session is opened only when the streams of
 * the present ones reach what the server allows, since a request queued behind endless watches would never be sent.
 * A broken session is forgotten, and the next request dials again.
 */

import type { SecureClientSessionOptions } from "node:http2";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import type { CertificateSource } from "../lib/certificate-source.ts";
import type { IssuedCertificate } from "../lib/certificates.ts";
import { ConnectionError } from "./connection-error.ts";

/** client-go's ReadIdleTimeout and PingTimeout: how a dead peer is noticed. */
const pingAfterIdleMs = 30_000;
const pingTimeoutMs = 15_000;
/** Streams kept free for plain requests on a session, and what is assumed before the server's SETTINGS arrive. */
const assumedMaximumStreams = 100;
const reservedStreams = 20;

export interface StreamRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StreamResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly stream: ClientHttp2Stream;
}

export interface Http2Transport {
  /** Resolves when the response's headers are here. Rejects with ConnectionError, or the signal's reason. */
  send(request: StreamRequest): Promise<StreamResponse>;
  close(): void;
}

export interface TransportOptions extends SecureClientSessionOptions {
  /** In place of `cert` and `key`. Requests after a renewal go over connections that are made with the new one. */
  readonly certificate?: CertificateSource | undefined;
}

interface Session {
  readonly connection: ClientHttp2Session;
  /** What it was made with. */
  readonly certificate: IssuedCertificate | undefined;
  streams: number;
}

export function createHttp2Transport(server: string, { certificate, ...options }: TransportOptions): Http2Transport {
  let sessions: Session[] = [];
  const connections = new Set<ClientHttp2Session>();
  let closed = false;

  function forget(session: Session): void {
    sessions = sessions.filter((other) => other !== session);
  }

  function dial(): Session {
    const own = certificate?.current();
    const connection = connect(server, {
      ...options,
      ...(own === undefined ? {} : { cert: own.certificate, key: own.privateKey }),
      settings: { enablePush: false, initialWindowSize: 1 << 20, ...options.settings },
    });
    const session: Session = { connection, certificate: own, streams: 0 };
    connection.once("connect", () => {
      connection.setLocalWindowSize(16 << 20);
    });
    // Errors also reach every open stream, where they are reported; this listener only keeps Node from throwing.
    connection.on("error", () => forget(session));
    connection.on("goaway", () => forget(session));
    connections.add(connection);
    connection.on("close", () => {
      connections.delete(connection);
      forget(session);
    });
    connection.setTimeout(pingAfterIdleMs, () => pingOrDestroy(connection));
    connection.unref();
    sessions.push(session);
    return session;
  }

  /** What is under way on a connection with an old certificate goes on; the connection closes after it. */
  function retireRenewed(): void {
    const current = certificate?.current();
    for (const session of sessions.filter((one) => one.certificate !== current)) {
      forget(session);
      session.connection.close();
    }
  }

  function choose(): Session {
    retireRenewed();
    for (const session of sessions) {
      if (session.connection.closed || session.connection.destroyed) continue;
      const remote = session.connection.connecting
        ? assumedMaximumStreams
        : (session.connection.remoteSettings.maxConcurrentStreams ?? assumedMaximumStreams);
      if (session.streams < Math.max(1, remote - reservedStreams)) return session;
    }
    return dial();
  }

  function send(request: StreamRequest): Promise<StreamResponse> {
    return new Promise((resolve, reject) => {
      if (closed) return reject(new ConnectionError("client is closed"));
      if (request.signal?.aborted) return reject(request.signal.reason as Error);
      const session = choose();
      const stream = session.connection.request(
        { ":method": request.method, ":path": request.path, ...request.headers },
        { endStream: request.body === undefined },
      );
      session.streams++;
      // The session is unreferenced while idle so that a process may end; a stream in flight keeps it alive.
      if (session.streams === 1) session.connection.ref();
      const onAbort = (): void => stream.close();
      request.signal?.addEventListener("abort", onAbort, { once: true });
      let answered = false;
      stream.once("response", (headers) => {
        answered = true;
        resolve({ status: Number(headers[":status"]), headers, stream });
      });
      stream.on("error", (error) =>
        reject(new ConnectionError(`${request.method} ${server}: ${error.message}`, { cause: error })),
      );
      stream.once("close", () => {
        session.streams--;
        if (session.streams === 0 && !session.connection.destroyed) session.connection.unref();
        request.signal?.removeEventListener("abort", onAbort);
        if (answered) return;
        reject(
          request.signal?.aborted
            ? (request.signal.reason as Error)
            : new ConnectionError(`${request.method} ${server}: connection closed before the response`),
        );
      });
      if (request.body !== undefined) stream.end(request.body);
    });
  }

  return {
    send,
    close() {
      closed = true;
      for (const connection of connections) connection.destroy();
    },
  };
}

function pingOrDestroy(connection: ClientHttp2Session): void {
  if (connection.destroyed || connection.connecting) return;
  const timer = setTimeout(() => connection.destroy(new Error("ping timeout")), pingTimeoutMs);
  timer.unref();
  const sent = connection.ping((error) => {
    clearTimeout(timer);
    if (error !== null) connection.destroy(error);
  });
  if (!sent) clearTimeout(timer);
}
