/**
 * Watch delivery and big lists: `node test/bench/apiserver-watch.ts [--writes 300]`. One after the other, writes are
 * made while 1, 100 and 1,000 watchers (on 10 HTTP/2 connections) listen; prints the time from a write's request to its
 * event, over all watchers. Then lists 10,000 pods in several forms.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createTestPki } from "../../src/apiserver/start-for-test.ts";

const { values } = parseArgs({
  options: { writes: { type: "string", default: "300" }, pods: { type: "string", default: "10000" } },
});
const folder = mkdtempSync(join(tmpdir(), "mini-apiserver-watch-"));
const pki = await createTestPki();
const pkiFile = join(folder, "pki.json");
writeFileSync(pkiFile, JSON.stringify(pki));
const script = fileURLToPath(new URL("./apiserver-process.ts", import.meta.url));
const child: ChildProcess = fork(script, [pkiFile, join(folder, "store.db")]);
const { url } = await new Promise<{ url: string }>((resolve) =>
  child.once("message", (one) => resolve(one as { url: string })),
);
const session = (): ClientHttp2Session =>
  connect(url, {
    ca: pki.ca,
    cert: pki.admin.certificate,
    key: pki.admin.privateKey,
    settings: { initialWindowSize: 4 << 20 },
  });

function send(
  client: ClientHttp2Session,
  method: string,
  path: string,
  body?: string,
  accept = "application/json",
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = client.request({ ":method": method, ":path": path, "content-type": "application/json", accept });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve(Buffer.concat(chunks)));
    stream.on("error", reject);
    stream.end(body);
  });
}

function figures(latencies: number[]): string {
  latencies.sort((a, b) => a - b);
  const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`;
}

const configMaps = "/api/v1/namespaces/default/configmaps";
const writer = session();
await send(writer, "POST", configMaps, JSON.stringify({ metadata: { name: "watched" }, data: {} }));

async function watchers(count: number): Promise<void> {
  const sessions = Array.from({ length: Math.min(10, count) }, session);
  const latencies: number[] = [];
  let seen = 0;
  let sentAt = 0;
  let delivered: () => void = () => undefined;
  const streams: ClientHttp2Stream[] = [];
  for (let index = 0; index < count; index++) {
    const stream = (sessions[index % sessions.length] as ClientHttp2Session).request({
      ":path": `${configMaps}?watch=1&resourceVersion=0&fieldSelector=metadata.name%3Dwatched`,
    });
    streams.push(stream);
    let first = true;
    stream.on("data", (chunk: Buffer) => {
      if (chunk.at(-1) !== 10) return;
      if (!first) latencies.push(performance.now() - sentAt);
      first = false;
      seen++;
      if (seen === count) delivered();
    });
  }
  const all = (): Promise<void> =>
    new Promise((resolve) => {
      if (seen >= count) resolve();
      else delivered = resolve;
    });
  await all();
  const writes = Number(values.writes);
  const started = performance.now();
  for (let index = 0; index < writes; index++) {
    seen = 0;
    sentAt = performance.now();
    const body = JSON.stringify({ metadata: { name: "watched" }, data: { index: String(index) } });
    await Promise.all([send(writer, "PUT", `${configMaps}/watched`, body), all()]);
  }
  const rate = ((writes * count) / (performance.now() - started)) * 1000;
  console.log(`${String(count).padStart(5)} watchers  ${figures(latencies)}  ${rate.toFixed(0)} events/s`);
  for (const stream of streams) stream.close();
  for (const one of sessions) one.close();
}

for (const count of [1, 100, 1000]) await watchers(count);

await send(
  writer,
  "POST",
  "/api/v1/namespaces/default/serviceaccounts",
  JSON.stringify({ metadata: { name: "default" } }),
);
const pods = Number(values.pods);
const started = performance.now();
for (let start = 0; start < pods; start += 50) {
  const batch = Array.from({ length: 50 }, (_, index) => {
    const labels = { app: "web", hundredth: String((start + index) % 100) };
    const spec = { containers: [{ name: "c", image: "registry.example/app:1", env: [{ name: "A", value: "b" }] }] };
    return send(
      writer,
      "POST",
      "/api/v1/namespaces/default/pods",
      JSON.stringify({ metadata: { name: `pod-${start + index}`, labels }, spec }),
    );
  });
  await Promise.all(batch);
}
console.log(`${pods} pods created at ${((pods / (performance.now() - started)) * 1000).toFixed(0)}/s`);
const lists: readonly (readonly [name: string, path: string, accept?: string])[] = [
  ["list, JSON", "/api/v1/pods"],
  ["list, Table", "/api/v1/pods", "application/json;as=Table;v=v1;g=meta.k8s.io"],
  ["list, selector for 1 %", "/api/v1/pods?labelSelector=hundredth%3D7"],
  ["list, field selector", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn"],
  ["list, page of 500", "/api/v1/pods?limit=500"],
];
for (const [name, path, accept] of lists) {
  const latencies: number[] = [];
  let size = 0;
  for (let round = 0; round < 7; round++) {
    const before = performance.now();
    size = (await send(writer, "GET", path, undefined, accept)).length;
    latencies.push(performance.now() - before);
  }
  console.log(`${name.padEnd(24)} ${figures(latencies)}  ${(size / 1e6).toFixed(1)} MB`);
}
child.send("memory");
const { rss } = await new Promise<{ rss: number }>((resolve) =>
  child.once("message", (one) => resolve(one as { rss: number })),
);
console.log(`resident: ${(rss / 1e6).toFixed(0)} MB`);
writer.close();
child.send("stop");
await new Promise((resolve) => child.once("exit", resolve));
rmSync(folder, { recursive: true });
