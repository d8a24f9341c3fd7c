import { ServerResponse as Response, type ServerResponse } from "node:http";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions } from "node:tls";
import type { CertificateSource } from "../../lib/certificate-source.ts";
import { ConnectionGuard, type ConnectionLimits } from "../../lib/connection-guard.ts";
import type { HttpRequest, HttpResponse } from "../types.ts";
import { PacedRequests } from "./paced-requests.ts";

export interface ListenerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** New connections get what is current. */
  readonly serving: CertificateSource;
  /** PEM bundles of the authorities that clients' certificates may be from; they are verified later. */
  readonly clientAuthorities: readonly string[];
  /** Default: `connectionLimits`. */
  readonly limits?: ConnectionLimits;
}

export interface ListenerHandlers {
  serve(request: HttpRequest, response: HttpResponse): void;
  upgrade(request: HttpRequest, response: HttpResponse, socket: Duplex, head: Buffer): void;
}

export interface Listener {
  readonly address: AddressInfo;
  /** Stops taking connections and ends those that there are. Resolves when all are gone. */
  close(): Promise<void>;
}

/** Upstream's for headers; a client that keeps a connection for longer than the server loses requests to the race at its end. */
export const connectionLimits: ConnectionLimits = {
  handshakeMs: 10_000,
  firstRequestMs: 32_000,
  idleMs: 180_000,
  unproven: 500,
  idle: 1_000,
};
/** Node counts what a session buffers, in megabytes; one client's lists and watches may share a session. */
const sessionMemoryMegabytes = 1024;
/** Of each that nobody reads, Node buffers a window. */
const streamsPerSession = 250;
const windowBytes = 128 * 1024;
const sessionWindowBytes = 4 * 1024 * 1024;
/** Streams that a client may give up at once, and then each second; one that gives up more loses the connection. */
const resets = { streamResetBurst: 100, streamResetRate: 33 } as const;
/** An exec carries its whole command in the query, of which Linux takes 128 KiB a word. */
const maximumHeaderBytes = 160 * 1024;

/** Serves HTTP/2 and HTTP/1.1 on one TLS port. Rejects where the port cannot be had. */
export async function listen(options: ListenerOptions, handlers: ListenerHandlers): Promise<Listener> {
  const { limits = connectionLimits } = options;
  const server = createSecureServer({
    allowHTTP1: true,
    ...secureContext(options),
    requestCert: true,
    rejectUnauthorized: false,
    maxSessionMemory: sessionMemoryMegabytes,
    settings: {
      maxConcurrentStreams: streamsPerSession,
      initialWindowSize: windowBytes,
      maxHeaderListSize: maximumHeaderBytes,
    },
    ...resets,
    handshakeTimeout: limits.handshakeMs,
    // A body may take its time where the request may: what has no limit of its own (a proxied upload) has none here.
    http1Options: {
      headersTimeout: limits.firstRequestMs,
      keepAliveTimeout: limits.idleMs,
      requestTimeout: 0,
      connectionsCheckingInterval: 5_000,
      maxHeaderSize: maximumHeaderBytes,
    },
  } as Parameters<typeof createSecureServer>[0]);
  const closeConnections = trackConnections(server);
  const ignoreRenewals = options.serving.subscribe(() => server.setSecureContext(secureContext(options)));
  new ConnectionGuard(limits).watch(server);
  server.on("request", new PacedRequests(handlers.serve).serve);
  server.on("upgrade", (request: HttpRequest, socket: Duplex, head: Buffer) => {
    handlers.upgrade(request, responseOn(request, socket), socket, head);
  });
  server.on("sessionError", (_error, session: ServerHttp2Session) => session.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, resolve);
  });
  return {
    address: server.address() as AddressInfo,
    close: () =>
      new Promise((resolve) => {
        ignoreRenewals();
        server.close(() => resolve());
        closeConnections();
      }),
  };
}

function secureContext({ serving, clientAuthorities }: ListenerOptions): SecureContextOptions {
  const { certificate, privateKey } = serving.current();
  return { cert: certificate, key: privateKey, ca: [...clientAuthorities], minVersion: "TLSv1.2" };
}

/** Upgraded and idle connections would keep the server open; returns how to end them. */
function trackConnections(server: Http2SecureServer): () => void {
  const sockets = new Set<Duplex>();
  const sessions = new Set<ServerHttp2Session>();
  server.on("secureConnection", (socket: Duplex) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  server.on("session", (session) => {
    sessions.add(session);
    // Many requests with bodies share one session; its own default window is 64 KiB.
    session.setLocalWindowSize(sessionWindowBytes);
    session.once("close", () => sessions.delete(session));
  });
  return () => {
    for (const session of sessions) session.close();
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    timer.unref();
  };
}

const graceMs = 500;

/** A response on the connection of an upgrade request, for refusing it. */
function responseOn(request: HttpRequest, socket: Duplex): ServerResponse {
  const response = new Response(request as ConstructorParameters<typeof Response>[0]);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as ConstructorParameters<typeof Response>[0]["socket"]);
  response.once("finish", () => (socket as Socket).destroySoon());
  return response;
}
