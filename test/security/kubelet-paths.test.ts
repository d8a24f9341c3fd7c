/** The kubelet's server: what a path is decided by is what it is answered by, however it is spelled. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../../src/client/types.ts";
import { startKubeletServer } from "../../src/kubelet/server/server.ts";
import { fixedCertificate } from "../../src/lib/certificate-source.ts";
import { createAuthority, type IssuedCertificate, issueCertificate } from "../../src/lib/certificates.ts";
import { systemClock } from "../../src/lib/clock.ts";

const abort = new AbortController();
const ignore = (): void => undefined;
let port = 0;
let ca = "";
let admin: IssuedCertificate;
let reader: IssuedCertificate;
let namesake: IssuedCertificate;

/** May get nodes/metrics and nothing else. */
const client = {
  of: () => ({
    create: async ({ spec }: { spec: { resourceAttributes: { subresource: string; verb: string } } }) => ({
      status: { allowed: spec.resourceAttributes.subresource === "metrics" && spec.resourceAttributes.verb === "get" },
    }),
  }),
} as unknown as Client;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return free;
}

beforeAll(async () => {
  port = await freePort();
  const authority = await createAuthority({ commonName: "ca", validityDays: 1 });
  const issue = (commonName: string, organizations: string[], usages: ("client" | "server")[]) =>
    issueCertificate({ authority, commonName, organizations, usages, ipAddresses: ["127.0.0.1"], validityDays: 1 });
  ca = authority.certificate;
  admin = await issue("admin", ["system:masters"], ["client"]);
  reader = await issue("reader", ["readers"], ["client"]);
  namesake = await issue("kube-apiserver-kubelet-client", [], ["client"]);
  const serving = await issue("node", [], ["server"]);
  const workers = { workers: () => [], get: ignore, find: ignore };
  await startKubeletServer({
    client,
    nodeName: "node",
    tls: { serving: fixedCertificate(serving), clientCa: ca },
    port,
    healthPort: await freePort(),
    manager: workers,
    statuses: { get: ignore },
    stats: { metrics: async (path: string) => `metrics ${path}`, summary: async () => ({ summary: true }) },
    runtime: {},
    clock: systemClock,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    signal: abort.signal,
    logs: "/nowhere",
    configuration: {},
    fault: () => undefined,
  } as unknown as Parameters<typeof startKubeletServer>[0]);
});
afterAll(() => abort.abort());

interface Answer {
  readonly code: number;
  readonly head: string;
}

/** The request line as it is written here: clients' libraries clean URLs. */
function ask(who: IssuedCertificate | undefined, line: string, headers = ""): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const identity = who === undefined ? {} : { cert: who.certificate, key: who.privateKey };
  const socket = connect({ host: "127.0.0.1", port, ca, ...identity });
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", reject);
  socket.on("close", () => resolve({ code: Number(text.split(" ")[1] ?? 0), head: text.split("\r\n\r\n")[0] ?? "" }));
  socket.write(`${line} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n${headers}\r\n`);
  return promise;
}

describe("who has the API server's name and not its group", () => {
  it.each(["GET /pods", "POST /run/ns/pod/c", "POST /exec/ns/pod/c?command=id"])("is asked about: %s", async (line) => {
    expect((await ask(namesake, line)).code).toBe(403);
  });
});

const upgrade = "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n";

describe("who may read metrics and nothing else", () => {
  it.each([
    ["GET /metrics", 200],
    ["GET /metrics/cadvisor", 200],
    ["GET /metrics?a=/../run", 200],
    ["GET https://elsewhere/metrics", 200],
    ["GET /%6detrics", 200],
    // Another verb than get.
    ["HEAD /metrics", 403],
    ["POST /metrics", 403],
    ["GET /pods", 403],
    ["GET /pods/", 403],
    ["GET https://elsewhere/pods", 403],
    ["GET /%70ods", 403],
    ["GET /runningpods/", 403],
    ["GET /configz", 403],
    ["GET /healthz", 403],
    ["GET /stats/summary", 403],
    ["GET /logs/", 403],
    ["GET /logs/%2e%2e/metrics", 403],
    ["GET /containerLogs/ns/pod/c", 403],
    ["GET /run/ns/pod/c", 403],
    ["POST /run/ns/pod/c", 403],
    ["POST /exec/ns/pod/c?command=id", 403],
    ["GET /exec/%2e%2e/metrics/cadvisor", 403],
    ["GET /metrics/", 404],
    ["GET /metrics/none", 404],
    ["GET /metrics/cadvisor/", 404],
    ["GET /metrics%2fcadvisor", 404],
    ["GET /metrics/%2e%2e/pods", 404],
    ["GET /metrics/%2E%2E/run/ns/pod/c?cmd=id", 404],
    ["POST /metrics/%2e%2e/run/ns/pod/c?cmd=id", 404],
    ["GET /metrics%2f..%2fpods", 404],
    ["GET /metrics/..%2fpods", 404],
    ["GET /metrics;/pods", 404],
    ["GET /metrics%00/pods", 404],
    ["GET /METRICS", 404],
    ["GET /", 404],
    ["GET /none", 404],
    ["GET /%zz", 400],
    ["GET /%ff", 400],
    ["OPTIONS *", 400],
    ["GET metrics", 400],
  ])("%s: %d", async (line, code) => {
    expect((await ask(reader, line)).code).toBe(code);
  });

  it.each([
    ["POST /metrics/../run/ns/pod/c?cmd=id", "/run/ns/pod/c?cmd=id"],
    ["GET /metrics/./../pods", "/pods"],
    ["GET //metrics", "/metrics"],
    ["GET //elsewhere/pods", "/elsewhere/pods"],
    ["GET /metrics//..//pods/", "/pods/"],
    ["GET /../../pods", "/pods"],
    ["GET /logs", "/logs/"],
    ["GET /stats", "/stats/"],
    ["GET /runningpods", "/runningpods/"],
  ])("%s: sent on to %s", async (line, location) => {
    const { code, head } = await ask(reader, line);
    expect(code).toBe(307);
    expect(head.toLowerCase()).toContain(`\r\nlocation: ${location}\r\n`);
  });

  it.each([
    ["GET /metrics/../exec/ns/pod/c?command=id", 307],
    ["GET /metrics/%2e%2e/exec/ns/pod/c?command=id", 404],
    ["GET /exec/ns/pod/c?command=id", 403],
    ["POST /portForward/ns/pod", 403],
    ["GET /metrics", 200],
    ["GET /none", 404],
    ["GET /pods", 403],
    ["GET /logs", 307],
    ["PUT /exec/ns/pod/c", 403],
  ])("upgrade of %s: %d", async (line, code) => {
    expect((await ask(reader, line, upgrade)).code).toBe(code);
  });

  it("hangs up on CONNECT", async () => {
    expect((await ask(reader, "CONNECT /run/ns/pod/c")).code).toBe(0);
  });
});

it.each(["GET /pods", "POST /run/ns/pod/c", "GET /metrics", "GET /stats/none", "GET /exec/a"])(
  "nobody is told anything about %s",
  async (line) => {
    expect((await ask(undefined, line)).code).toBe(401);
  },
);

it.each([
  ["/metrics", ["GET", "HEAD"]],
  ["/metrics/resource", ["GET", "HEAD"]],
  ["/healthz", ["GET", "HEAD"]],
  ["/configz", ["GET", "HEAD"]],
  ["/pods", ["GET"]],
  ["/runningpods/", ["GET"]],
  ["/stats/summary", ["GET", "POST"]],
  ["/logs/", ["GET"]],
  ["/containerLogs/ns/pod/c", ["GET"]],
  ["/run/ns/pod/c", ["POST"]],
  ["/run/ns/pod/uid/c", ["POST"]],
  ["/exec/ns/pod/c", ["GET", "POST"]],
  ["/exec/ns/pod/uid/c", ["GET", "POST"]],
  ["/attach/ns/pod/c", ["GET", "POST"]],
  ["/portForward/ns/pod", ["GET", "POST"]],
  ["/portForward/ns/pod/uid", ["GET", "POST"]],
] as const)("%s takes %j from whoever may do everything", async (path, allowed) => {
  for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]) {
    const { code, head } = await ask(admin, `${method} ${path}`);
    if ((allowed as readonly string[]).includes(method)) expect([200, 400, 404], `${method} ${path}`).toContain(code);
    else {
      expect(code, `${method} ${path}`).toBe(405);
      expect(head.toLowerCase()).toContain(`\r\nallow: ${allowed.join(", ").toLowerCase()}\r\n`);
    }
  }
});

it.each(["/exec/a", "/run/a/b/c/d/e", "/stats/none", "/pods/a", "/exec/a/b%2fc/d%2fe/f/g"])(
  "%s is no path",
  async (path) => {
    expect((await ask(admin, `GET ${path}`)).code).toBe(404);
  },
);
