/**
 * Makes the code caches of the bundles by a rehearsal: the processes run for real, on this machine, in a folder instead
 * of a node's file system (MINI_NODE_ROOT), without privileges, and with nothing on their PATH that could do harm.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { BundleName } from "../../bin/load-bundle.ts";
import { ensurePki } from "../../src/cluster/pki.ts";
import type { Profile } from "../../src/cluster/profile.ts";
import { writeSeed } from "../../src/cluster/seed.ts";
import { serveEmptyRuntime } from "./empty-runtime.ts";

export interface Rehearsal {
  /** Executable and its flags, as the application will have them. */
  readonly node: string;
  readonly flags: readonly string[];
  /** Bundles, add-ons by their names, and `record-code-cache.cjs`; NAME.cache is put there. Readable by everybody. */
  readonly folder: string;
}

/** Who the processes run as when the build runs as root. */
const NOBODY = 65534;
/** Time to settle after the API server is ready: controllers, scheduler and agent do their first rounds. */
const SETTLE_MS = 3_000;
/** What a person's first kubectl asks for. */
const firstRequests = ["/api", "/apis", "/api/v1/nodes?limit=500", "/api/v1/pods?limit=500", "/openapi/v3"];
const launcherCommands = [["version"], ["start", "--dry-run", "--driver=runc"], ["status"], ["--help"]];

export async function recordCodeCaches(rehearsal: Rehearsal): Promise<void> {
  const stage = join(rehearsal.folder, "stage");
  const address = ownAddress();
  const port = await freePort(address);
  const profile = rehearsalProfile(address, port);
  process.env["MINI_HOME"] = join(stage, "home");
  await ensurePki(profile);
  const seed = await writeSeed(profile, profile.nodes[0] as Profile["nodes"][number], {
    ...{ nameservers: [], search: [], throughHost: [] },
  });
  setStage(stage, seed);
  const runtime = await serveEmptyRuntime(join(stage, "run/containerd/containerd.sock"));
  const started: ChildProcess[] = [];
  const start = (name: BundleName, args: readonly string[]): ChildProcess => {
    const child = record(rehearsal, stage, name, args);
    started.push(child);
    return child;
  };
  try {
    const processes = [start("control-plane", ["node", "control-plane"]), start("agent", ["node", "agent"])];
    await askOften(`https://${address}:${port}`, join(stage, "mini/seed/pki"), processes).catch((error: unknown) => {
      throw new Error(`the rehearsal's API server does not become ready${lastOfLogs(stage)}`, { cause: error });
    });
    for (const child of processes) child.kill("SIGTERM");
    await Promise.all(processes.map(ended));
    for (const command of launcherCommands) await ended(start("launcher", command));
  } finally {
    // After a failure: those that have ended do not mind.
    for (const child of started) child.kill("SIGKILL");
    await Promise.all(started.map(ended));
    runtime.close();
  }
  for (const name of readdirSync(stage).filter((each) => each.endsWith(".cache"))) {
    copyFileSync(join(stage, name), join(rehearsal.folder, name));
  }
}

function rehearsalProfile(address: string, apiServerPort: number): Profile {
  const node = { name: "mini", role: "control-plane", address, macAddress: "52:54:00:00:00:01" } as const;
  return {
    version: 1,
    name: "rehearsal",
    driver: "runc",
    cpus: 2,
    memoryMiB: 2048,
    diskMiB: 20480,
    apiServerPort,
    network: { subnet: `${address}/24`, gateway: address },
    extraConfig: {},
    embedCerts: false,
    nodes: [node],
    createdAt: new Date().toISOString(),
  };
}

/** The folders that a node has, and programs that do nothing. */
function setStage(stage: string, seed: string): void {
  for (const folder of [
    "mini",
    "run/mini",
    "run/containerd",
    "var/lib",
    "var/log",
    "etc",
    "usr/share/mini/images",
    "bin",
  ]) {
    mkdirSync(join(stage, folder), { recursive: true });
  }
  symlinkSync(seed, join(stage, "mini/seed"));
  for (const program of ["ctr", "nft", "ip", "mount", "umount", "conntrack"]) {
    symlinkSync("/bin/true", join(stage, "bin", program));
  }
  if (process.getuid?.() !== 0) return;
  chownSync(stage, NOBODY, NOBODY);
  for (const entry of readdirSync(stage, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chownSync(join(entry.parentPath, entry.name), NOBODY, NOBODY);
  }
}

function record(
  { node, flags, folder }: Rehearsal,
  stage: string,
  name: BundleName,
  args: readonly string[],
): ChildProcess {
  const recorder = [join(folder, "record-code-cache.cjs"), name, folder, join(stage, `${name}.cache`)];
  return spawn(node, [...flags, ...recorder, ...args], {
    cwd: stage,
    env: { PATH: join(stage, "bin"), HOME: stage, MINI_HOME: join(stage, "home"), MINI_NODE_ROOT: stage },
    stdio: "ignore",
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  });
}

/** Waits for the API server, then asks it what clients ask first, for the time to settle. */
async function askOften(server: string, pki: string, processes: readonly ChildProcess[]): Promise<void> {
  const [ca, cert, key] = ["ca.crt", "admin.crt", "admin.key"].map((name) => readFileSync(join(pki, name)));
  const ask = (path: string): Promise<number | undefined> =>
    new Promise((resolve) => {
      const call = request(`${server}${path}`, { ca, cert, key, agent: false }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      });
      call.on("error", () => resolve(undefined));
      call.end();
    });
  const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
  for (const limit = Date.now() + 60_000; (await ask("/readyz")) !== 200; await pause(50)) {
    if (Date.now() > limit || processes.some(({ exitCode }) => exitCode !== null)) {
      throw new Error("a process ended, or a minute is over");
    }
  }
  for (const limit = Date.now() + SETTLE_MS; Date.now() < limit; await pause(500))
    await Promise.all(firstRequests.map(ask));
}

/** They go with the stage. */
function lastOfLogs(stage: string): string {
  const folder = join(stage, "var/log/mini");
  const logs = existsSync(folder) ? readdirSync(folder) : [];
  return logs.map((name) => `\n${name}: ${readFileSync(join(folder, name), "utf8").slice(-1000)}`).join("");
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
}

/** Kubernetes refuses addresses of the loopback interface as endpoints. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  if (own === undefined) throw new Error("the build's rehearsal needs a network interface with an IPv4 address");
  return own.address;
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
