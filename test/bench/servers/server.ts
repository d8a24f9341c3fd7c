/**
 * A side of the benchmark: processes that serve Kubernetes' API on loopback. Both sides use the same certificates, the
 * same client, and stores that sync to the disk before they answer a write.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createAuthority, createKeyPair, issueCertificate } from "../../../src/lib/certificates.ts";

export type Part = "controller-manager" | "scheduler";

export interface ServerOptions {
  /** Empty at first; holds certificates, store and logs. A second start on it finds the first one's objects. */
  readonly folder: string;
  /** Besides the API server and its store. */
  readonly parts: readonly Part[];
}

export interface Side {
  readonly name: "mini" | "upstream";
  /** Versions and settings, for the report. */
  readonly description: string;
  /** Resolves as soon as `/readyz` answers 200. */
  start(options: ServerOptions): Promise<Server>;
}

export interface Server {
  readonly url: string;
  readonly folder: string;
  /** From the first process's start to `/readyz`. */
  readonly readyMs: number;
  readonly processes: readonly ChildProcess[];
  stop(): Promise<void>;
}

/** Writes what both sides need: the authority, a serving and an admin's certificate, the service accounts' key. */
export async function writePki(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const authority = await createAuthority({ commonName: "mini-ca", validityDays: 10 });
  const serving = await issueCertificate({
    authority,
    commonName: "kube-apiserver",
    dnsNames: ["localhost", "kubernetes"],
    ipAddresses: ["127.0.0.1"],
    usages: ["server"],
    validityDays: 10,
  });
  const admin = await issueCertificate({
    authority,
    commonName: "kubernetes-admin",
    organizations: ["system:masters"],
    usages: ["client"],
    validityDays: 10,
  });
  const serviceAccounts = await createKeyPair();
  const files = {
    "ca.crt": authority.certificate,
    "ca.key": authority.privateKey,
    "serving.crt": serving.certificate,
    "serving.key": serving.privateKey,
    "admin.crt": admin.certificate,
    "admin.key": admin.privateKey,
    "service-account.key": serviceAccounts.privateKey,
    "service-account.pub": serviceAccounts.publicKey,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
}

/** Starts a program whose output goes to `NAME.log` in the folder. */
export function run(
  folder: string,
  name: string,
  command: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
  const log = createWriteStream(join(folder, `${name}.log`), { flags: "a" });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  return child;
}

/** Resolves when `/readyz` answers 200. When a process ends, or after two minutes, ends all of them and throws. */
export async function untilReady(url: string, folder: string, processes: readonly ChildProcess[]): Promise<void> {
  await untilAnswer({ url: `${url}/readyz`, folder, processes, accepts: () => true });
}

export interface Question {
  readonly url: string;
  /** Has ca.crt, admin.crt, admin.key and the logs. */
  readonly folder: string;
  readonly processes: readonly ChildProcess[];
  /** Given the body of an answer of status 200. */
  readonly accepts: (body: string) => boolean;
}

/** Asks until the answer is accepted. When a process ends, or after two minutes, ends all of them and throws. */
export async function untilAnswer(question: Question): Promise<void> {
  try {
    await poll(question);
  } catch (error) {
    await stopAll(question.processes);
    throw error;
  }
}

async function poll({ url, folder, processes, accepts }: Question): Promise<void> {
  const [ca, cert, key] = ["ca.crt", "admin.crt", "admin.key"].map((name) => readFileSync(join(folder, name)));
  // One connection, since a handshake for each question would cost the server more than its answer.
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, cert, key });
  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const ask = request(url, { agent }, async (response) => {
        const body = await text(response).catch(() => undefined);
        resolve(response.statusCode === 200 && body !== undefined && accepts(body));
      });
      ask.on("error", () => resolve(false));
      ask.end();
    });
  try {
    for (const limit = performance.now() + 120_000; !(await answers()); ) {
      const ended = processes.find(({ exitCode }) => exitCode !== null);
      if (ended !== undefined) throw new Error(`${ended.spawnargs.join(" ")} ended: ${lastOfLogs(folder)}`);
      if (performance.now() > limit) throw new Error(`${url} is not ready after two minutes: ${lastOfLogs(folder)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    agent.destroy();
  }
}

/** The folder goes with the run, so what its logs end with is told. */
function lastOfLogs(folder: string): string {
  const logs = readdirSync(folder).filter((name) => name.endsWith(".log"));
  return logs.map((name) => `\n${name}: ${readFileSync(join(folder, name), "utf8").slice(-1000)}`).join("");
}

/** Ends them in reverse order; one that does not want to is killed after ten seconds. */
export async function stopAll(processes: readonly ChildProcess[]): Promise<void> {
  for (const child of [...processes].reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const kill = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(kill);
  }
}
