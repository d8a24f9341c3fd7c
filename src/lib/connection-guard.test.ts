import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, createSecureServer } from "node:http2";
import { type AddressInfo, connect as connectTcp, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { createAuthority, type IssuedCertificate, issueCertificate } from "./certificates.ts";
import { ConnectionGuard, type ConnectionLimits } from "./connection-guard.ts";
import { FakeClock } from "./fake-clock.ts";

const limits: ConnectionLimits = { handshakeMs: 10_000, firstRequestMs: 30_000, idleMs: 90_000, unproven: 3, idle: 2 };

let serving: IssuedCertificate;
let user: IssuedCertificate;
let ca: string;
const cleanUp: (() => void)[] = [];

beforeAll(async () => {
  const authority = await createAuthority({ commonName: "ca", validityDays: 1 });
  ca = authority.certificate;
  const common = { authority, validityDays: 1 };
  serving = await issueCertificate({ ...common, commonName: "server", ipAddresses: ["127.0.0.1"], usages: ["server"] });
  user = await issueCertificate({ ...common, commonName: "user", usages: ["client"] });
});

afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUp.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Both protocols; `/hold` is answered when the client goes. */
async function startSecure() {
  const clock = new FakeClock();
  const guard = new ConnectionGuard(limits, clock);
  const server = createSecureServer({
    allowHTTP1: true,
    cert: serving.certificate,
    key: serving.privateKey,
    ca,
    requestCert: true,
    rejectUnauthorized: false,
  });
  guard.watch(server);
  server.on("request", (request, response) => {
    if (request.url === "/hold") response.write("begun");
    else response.end("done");
  });
  server.on("upgrade", (_request, socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  server.on("sessionError", () => undefined);
  return { clock, guard, port: await listen(server) };
}

const tracked = <T extends Socket>(socket: T): T => {
  cleanUp.push(() => socket.destroy());
  socket.on("error", () => undefined);
  return socket;
};

async function open(port: number, write = "", credentials: { cert?: string; key?: string } = {}): Promise<Socket> {
  const socket = tracked(connectTls({ host: "127.0.0.1", port, ca, ALPNProtocols: ["http/1.1"], ...credentials }));
  await once(socket, "secureConnect");
  if (write !== "") {
    socket.write(write);
    await once(socket, "data");
  }
  return socket;
}

const get = (path: string, headers = ""): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
const isClosed = (socket: Socket): Promise<void> =>
  vi.waitFor(() => expect(socket.closed || socket.readableEnded).toBe(true));

it("ends handshakes, first requests and pauses that take too long, and no request under way", async () => {
  const { clock, guard, port } = await startSecure();
  const mute = tracked(connectTcp(port, "127.0.0.1"));
  await vi.waitFor(() => expect(guard.size).toBe(1));
  await clock.advance(15_000);
  mute.resume();
  await isClosed(mute);

  const slow = await open(port);
  slow.write("GET / HTTP/1.1\r\nHost: a\r\nX-");
  slow.resume();
  await clock.advance(20_000);
  slow.write("a");
  await clock.advance(15_000);
  await isClosed(slow);

  const idle = await open(port, get("/"));
  const busy = await open(port, get("/hold"));
  const upgraded = await open(port, get("/", "Connection: Upgrade\r\nUpgrade: x\r\n"));
  await vi.waitFor(() => expect(guard.size).toBe(3));
  for (let step = 0; step < 20; step++) await clock.advance(10_000);
  await isClosed(idle);
  expect(guard.size).toBe(2);
  expect([busy.readyState, upgraded.readyState]).toEqual(["open", "open"]);
});

it("ends idle sessions of HTTP/2 and leaves those with a stream", async () => {
  const { clock, guard, port } = await startSecure();
  const session = (): ClientHttp2Session => {
    const client = connectHttp2(`https://127.0.0.1:${port}`, { ca });
    client.on("error", () => undefined);
    cleanUp.push(() => client.destroy());
    return client;
  };
  const ask = async (client: ClientHttp2Session, path: string): Promise<void> => {
    const stream = client.request({ ":path": path });
    stream.on("error", () => undefined);
    stream.resume();
    await once(stream, "response");
    if (path !== "/hold") await once(stream, "close");
  };
  const [idle, busy, unused] = [session(), session(), session()];
  await ask(idle, "/");
  await ask(busy, "/");
  await ask(busy, "/hold");
  await vi.waitFor(() => expect(guard.size).toBe(3));
  for (let step = 0; step < 20; step++) await clock.advance(10_000);
  await vi.waitFor(() => expect([idle.closed, busy.closed, unused.closed]).toEqual([true, false, true]));
});

it("drops the oldest of too many that have not shown whose they are", async () => {
  const { port } = await startSecure();
  const [first, second] = [await open(port), await open(port)];
  const busy = await open(port, get("/hold"));
  first.resume();
  await open(port);
  await isClosed(first);
  expect([second.readyState, busy.readyState]).toEqual(["open", "open"]);
});

it("drops the oldest of too many that do nothing, of those that have shown it", async () => {
  const { guard, port } = await startSecure();
  const credentials = { cert: user.certificate, key: user.privateKey };
  const token = await open(port, get("/", "Authorization: Bearer a\r\n"));
  const busy = await open(port, get("/hold"), credentials);
  const second = await open(port, get("/"), credentials);
  token.resume();
  await open(port, get("/"), credentials);
  await isClosed(token);
  expect([busy.readyState, second.readyState]).toEqual(["open", "open"]);
  expect(guard.size).toBe(3);
});

it("guards plain servers too", async () => {
  const clock = new FakeClock();
  const guard = new ConnectionGuard(limits, clock);
  const server = createHttpServer((_request, response) => response.end());
  guard.watch(server, { tls: false });
  const port = await listen(server);
  const sockets = Array.from({ length: 4 }, () => tracked(connectTcp(port, "127.0.0.1")));
  for (const socket of sockets) socket.resume();
  await vi.waitFor(() => expect(guard.size).toBe(3));
  await clock.advance(35_000);
  await vi.waitFor(() => expect(guard.size).toBe(0));
});
