/**
 * Load on one API server process over TLS on loopback: `node test/bench/apiserver-load.ts [--http1] [--clients 16]
 * [--seconds 3] [--profile FILE]`. Prints a line a workload: requests a second, p50 and p99 in milliseconds.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { Agent, request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createTestPki, type TestPki } from "../../src/apiserver/start-for-test.ts";

interface Answer {
  readonly code: number;
  readonly body: Buffer;
}

type Send = (method: string, path: string, body?: string, type?: string) => Promise<Answer>;

const { values } = parseArgs({
  options: {
    http1: { type: "boolean", default: false },
    clients: { type: "string", default: "16" },
    seconds: { type: "string", default: "3" },
    profile: { type: "string" },
  },
});
const clients = Number(values.clients);
const milliseconds = Number(values.seconds) * 1000;

function http2Client(url: string, { ca, admin }: TestPki): { send: Send; close(): void } {
  const session: ClientHttp2Session = connect(url, { ca, cert: admin.certificate, key: admin.privateKey });
  const send: Send = (method, path, body, type = "application/json") =>
    new Promise((resolve, reject) => {
      const headers = { ":method": method, ":path": path, ...(body === undefined ? {} : { "content-type": type }) };
      const stream = session.request(headers, { endStream: body === undefined });
      const chunks: Buffer[] = [];
      let code = 0;
      stream.on("response", (response) => {
        code = Number(response[":status"]);
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => resolve({ code, body: Buffer.concat(chunks) }));
      stream.on("error", reject);
      if (body !== undefined) stream.end(body);
    });
  return { send, close: () => session.close() };
}

function http1Client(url: string, { ca, admin }: TestPki): { send: Send; close(): void } {
  const agent = new Agent({ keepAlive: true, ca, cert: admin.certificate, key: admin.privateKey });
  const send: Send = (method, path, body, type = "application/json") =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(body) };
      const request = httpsRequest(url + path, { method, agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ code: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      });
      request.on("error", reject);
      request.end(body);
    });
  return { send, close: () => agent.destroy() };
}

const once = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve) => child.once("message", (message) => resolve(message as T)));

/** Microseconds of processor time that the server has used. */
async function cpuOf(server: ChildProcess): Promise<number> {
  server.send("memory");
  const { cpu } = await once<{ cpu: { user: number; system: number } }>(server);
  return cpu.user + cpu.system;
}

/** Runs `work` from all clients for the set time and prints the figures. */
async function measure(name: string, work: (client: number, count: number) => Promise<Answer>): Promise<void> {
  const latencies: number[] = [];
  const cpuBefore = await cpuOf(child);
  const started = performance.now();
  const run = async (client: number): Promise<void> => {
    for (let count = 0; performance.now() - started < milliseconds; count++) {
      const before = performance.now();
      const { code, body } = await work(client, count);
      if (code >= 300) throw new Error(`${name}: ${code} ${body.toString().slice(0, 300)}`);
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
  const seconds = (performance.now() - started) / 1000;
  const cpu = (await cpuOf(child)) - cpuBefore;
  latencies.sort((a, b) => a - b);
  const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2);
  console.log(
    `${name.padEnd(28)} ${(latencies.length / seconds).toFixed(0).padStart(7)}/s  p50 ${at(0.5)}  p99 ${at(0.99)}  server CPU ${(cpu / latencies.length).toFixed(0)} µs each`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "mini-apiserver-load-"));
const pki = await createTestPki();
const pkiFile = join(folder, "pki.json");
writeFileSync(pkiFile, JSON.stringify(pki));
const script = fileURLToPath(new URL("./apiserver-process.ts", import.meta.url));
const startChild = async (): Promise<{ child: ChildProcess; url: string; ms: number }> => {
  const before = performance.now();
  const child = fork(script, [pkiFile, join(folder, "store.db")]);
  const { url } = await once<{ url: string }>(child);
  return { child, url, ms: performance.now() - before };
};
const memory = async (child: ChildProcess): Promise<string> => {
  child.send("memory");
  const { rss } = await once<{ rss: number }>(child);
  return `${(rss / 1e6).toFixed(0)} MB`;
};
const stop = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.send("stop");
  });

const first = await startChild();
console.log(`start, empty store: ready after ${first.ms.toFixed(0)} ms`);
await stop(first.child);
const { child, url, ms } = await startChild();
await new Promise((resolve) => setTimeout(resolve, 2000));
console.log(`start, existing store: ready after ${ms.toFixed(0)} ms; idle ${await memory(child)}`);

const { send, close } = values.http1 ? http1Client(url, pki) : http2Client(url, pki);
const base = "/api/v1/namespaces/default/configmaps";
const filler = "x".repeat(1024);
const configMap = (name: string, value = filler): string =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { value } });
if (values.profile !== undefined) child.send("profile");
console.log(`${values.http1 ? "HTTP/1.1" : "HTTP/2"}, ${clients} clients, 1 KiB ConfigMaps`);
const names: string[][] = Array.from({ length: clients }, () => []);
await measure("create", (client, count) => {
  const name = `load-${client}-${count}`;
  names[client]?.push(name);
  return send("POST", base, configMap(name));
});
const pick = (client: number, count: number): string =>
  `${base}/${names[client]?.[count % (names[client]?.length ?? 1)]}`;
await measure("get", (client, count) => send("GET", pick(client, count)));
await measure("update", (client, count) =>
  send("PUT", pick(client, count), configMap(pick(client, count).split("/").at(-1) ?? "", filler + Math.random())),
);
await measure("merge patch", (client, count) =>
  send("PATCH", pick(client, count), `{"data":{"n":"${count}"}}`, "application/merge-patch+json"),
);
await measure("list of 500", () => send("GET", `${base}?limit=500`));
await measure("delete", (client) => {
  const name = names[client]?.pop();
  return name === undefined ? send("GET", base) : send("DELETE", `${base}/${name}`);
});
if (values.profile !== undefined) {
  child.send("profiled");
  const { profile } = await once<{ profile: unknown }>(child);
  writeFileSync(values.profile, JSON.stringify(profile));
}
console.log(`after the load: ${await memory(child)}`);
close();
await stop(child);
rmSync(folder, { recursive: true });
