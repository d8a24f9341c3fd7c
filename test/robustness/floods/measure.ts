/** One attack on one control plane, with another client's latency and the server's memory before, meanwhile and after. */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { issueCertificate } from "../../../src/lib/certificates.ts";
import type { Server } from "../../bench/servers/server.ts";
import type { Target } from "./attacks.ts";

export interface FloodRow {
  readonly attack: string;
  /** Milliseconds. */
  readonly quiet: number;
  readonly attacked: number;
  readonly longest: number;
  /** MiB resident. */
  readonly before: number;
  readonly peak: number;
  readonly after: number;
  /** Whether the server process was still there at the end. */
  readonly survived: boolean;
}

export interface Timing {
  readonly quietSeconds: number;
  readonly attackSeconds: number;
  /** How long after the attack memory is read again. */
  readonly restSeconds: number;
}

/** A user's certificate from the server's own authority. */
export async function targetOf({ url, folder }: Server, commonName: string, organizations: string[]): Promise<Target> {
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const authority = { certificate: read("ca.crt"), privateKey: read("ca.key") };
  const issued = await issueCertificate({ authority, commonName, organizations, usages: ["client"], validityDays: 1 });
  return { url, ca: authority.certificate, cert: issued.certificate, key: issued.privateKey };
}

/** Two users who may edit a namespace each. Rejects where the server does not take their roles. */
export async function prepare(server: Server): Promise<{ victim: Target; attacker: Target }> {
  const admin = await targetOf(server, "flood-admin", ["system:masters"]);
  const agent = new Agent({ keepAlive: true, ...admin });
  for (const user of ["victim", "attack"]) {
    await create(admin, agent, "/api/v1/namespaces", { metadata: { name: user } });
    await create(admin, agent, `/apis/rbac.authorization.k8s.io/v1/namespaces/${user}/rolebindings`, {
      metadata: { name: user },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
    });
    await create(admin, agent, `/api/v1/namespaces/${user}/serviceaccounts`, { metadata: { name: "default" } });
  }
  await create(admin, agent, "/api/v1/namespaces/victim/configmaps", { metadata: { name: "read" }, data: { a: "b" } });
  agent.destroy();
  return { victim: await targetOf(server, "victim", []), attacker: await targetOf(server, "attack", []) };
}

function create({ url }: Target, agent: Agent, path: string, body: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url + path, { agent, method: "POST", headers: { "content-type": "application/json" } });
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      response.resume();
      response.once("end", resolve);
      const { statusCode = 0 } = response;
      if (statusCode !== 201 && statusCode !== 409) reject(new Error(`${path} answered ${statusCode}`));
    });
    outgoing.end(JSON.stringify(body));
  });
}

const betweenReadsMs = 5;

/** Reads one object again and again; milliseconds that each took, failures as the time they lasted. */
async function probe({ url, ...tls }: Target, signal: AbortSignal): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...tls });
  const took: number[] = [];
  const read = (): Promise<void> =>
    new Promise((resolve) => {
      const started = performance.now();
      const outgoing = request(`${url}/api/v1/namespaces/victim/configmaps/read`, { agent }, (response) => {
        response.resume();
        response.once("close", resolve);
      });
      outgoing.once("error", () => resolve());
      outgoing.once("close", () => took.push(performance.now() - started));
      outgoing.end();
    });
  while (!signal.aborted) {
    await read();
    await sleep(betweenReadsMs);
  }
  agent.destroy();
  return took;
}

function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const mebibyte = 1024 * 1024;

/** Resident memory in MiB; NaN where the process is gone. */
export function residentOf(pid: number | undefined): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return (pages * 4096) / mebibyte;
  } catch {
    return Number.NaN;
  }
}

async function duringSeconds<T>(seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), seconds * 1000);
  try {
    return await work(stop.signal);
  } finally {
    clearTimeout(timer);
  }
}

export interface Measured {
  readonly server: Server;
  readonly victim: Target;
  readonly attacker: Target;
}

/** Rejects only where a process cannot be started. */
export async function measureFlood(attack: string, measured: Measured, timing: Timing): Promise<FloodRow> {
  const { server, victim, attacker } = measured;
  const pid = server.processes[0]?.pid;
  const child = fork(join(import.meta.dirname, "attacker.ts"), [attack], { stdio: "inherit" });
  await duringSeconds(1, (signal) => probe(victim, signal));
  const quiet = await duringSeconds(timing.quietSeconds, (signal) => probe(victim, signal));
  const before = residentOf(pid);
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentOf(pid) || 0);
  }, 20);
  // Its own processor time is not what is measured; elsewhere it would have a machine of its own.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const begun = new Promise((resolve) => child.once("message", resolve));
  child.send(attacker);
  await begun;
  const attacked = await duringSeconds(timing.attackSeconds, (signal) => probe(victim, signal));
  await end(child);
  await sleep(timing.restSeconds * 1000);
  clearInterval(watch);
  const after = residentOf(pid);
  return {
    attack,
    quiet: percentile(quiet, 0.99),
    attacked: percentile(attacked, 0.99),
    longest: Math.max(...attacked),
    before,
    peak,
    after,
    survived: !Number.isNaN(after),
  };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.send("stop");
  const kill = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(kill);
}
