/** SSH into a node: commands with streams, and an interactive shell. The host key is known from the profile. */
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { Client, ClientCallback, ClientChannel } from "ssh2";
import { loadDriver } from "../drivers/index.ts";
import { readFileIfPresent } from "../lib/atomic-file.ts";
import { systemClock } from "../lib/clock.ts";
import { MiniError } from "./errors.ts";
import { profileFolder } from "./home.ts";
import { machineState } from "./lifecycle/machine-states.ts";
import { controlPlane, type Profile, type ProfileNode } from "./profile.ts";

export interface Streams {
  readonly stdin?: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SshConnection extends Disposable {
  /** Runs a shell command; resolves with its exit code once its streams have ended. */
  run(command: string, streams: Streams): Promise<number>;
  /** As `run`, with the output as text. */
  capture(command: string, stdin?: Readable): Promise<CommandResult>;
  /** A shell on this process's terminal; without one, it reads its commands from standard input, as a script. */
  shell(): Promise<number>;
}

/** An emulated node with much to do takes seconds for the handshake. */
const connectMs = 30_000;
/** What runs and has nothing else to do has answered by then. */
const promptMs = 500;

/** The node of that name (the control plane when undefined). Throws GUEST_NODE_RETRIEVE. */
export function findNode(profile: Profile, name: string | undefined): ProfileNode {
  const node = name === undefined ? controlPlane(profile) : profile.nodes.find((each) => each.name === name);
  if (node !== undefined) return node;
  throw new MiniError("GUEST_NODE_RETRIEVE", `the profile "${profile.name}" has no node "${name}"`);
}

/**
 * Logs in as root with the profile's key. Throws GUEST_NOT_RUNNING, or IF_SSH_CLIENT when the server is not reached or
 * not the node's.
 */
export async function connectSsh(profile: Profile, node: ProfileNode): Promise<SshConnection> {
  const folder = join(profileFolder(profile.name), "ssh");
  const privateKey = await readFileIfPresent(join(folder, "id_ed25519"));
  const hostKey = (await readFileIfPresent(join(folder, "ssh_host_ed25519_key.pub")))?.split(" ")[1];
  if (privateKey === undefined || hostKey === undefined) {
    throw new MiniError("GUEST_NOT_RUNNING", `the profile "${profile.name}" has no SSH keys: it was never started`);
  }
  const { default: ssh2 } = await import("ssh2");
  const client = new ssh2.Client();
  const connecting = new Promise<void>((resolve, reject) => {
    client.on("ready", resolve);
    client.on("error", reject);
    client.connect({
      host: node.address,
      username: "root",
      privateKey,
      readyTimeout: connectMs,
      hostVerifier: (key: Buffer) => key.toString("base64") === hostKey,
    });
  });
  await connected(profile, node, connecting).catch((error: Error) => {
    client.destroy();
    throw error instanceof MiniError ? error : unreachable(profile, node, error);
  });
  return {
    run: (command, streams) => run(client, command, streams),
    capture: (command, stdin) => capture(client, command, stdin),
    shell: () => shell(client),
    [Symbol.dispose]: () => client.end(),
  };
}

/**
 * As `connecting`, but throws GUEST_NOT_RUNNING where the machine does not run. Its state is asked for only when the
 * connection has failed or takes its time: most machines run, and what does not run would be waited for.
 */
async function connected(profile: Profile, node: ProfileNode, connecting: Promise<void>): Promise<void> {
  const patience = new AbortController();
  const settled = connecting.then(
    () => true,
    () => false,
  );
  const quick = systemClock.sleep(promptMs, patience.signal).then(
    () => false,
    () => settled,
  );
  if (await Promise.race([settled.finally(() => patience.abort()), quick])) return;
  const state = await machineState(await loadDriver(profile.driver), profile.name, node).catch(() => "Error" as const);
  if (state === "Running" || state === "Starting" || state === "Error") return await connecting;
  throw new MiniError("GUEST_NOT_RUNNING", `${node.name} ${absence[state]}`, {
    advice: `mini start -p ${profile.name}`,
  });
}

const absence = {
  Stopped: "is stopped",
  Paused: "is paused",
  Stopping: "is being stopped",
  Nonexistent: "has not been made",
} as const;

function unreachable({ name }: Profile, node: ProfileNode, cause: Error): MiniError {
  const message = `${node.name} (${node.address}) does not answer SSH: ${cause.message}`;
  return new MiniError("IF_SSH_CLIENT", message, { cause, advice: `mini status -p ${name}` });
}

async function run(client: Client, command: string, streams: Streams): Promise<number> {
  return await attach(await open((opened) => client.exec(command, opened)), streams);
}

/** Joins the streams to those of what has begun; resolves with its exit code once they have ended. */
async function attach({ channel, code }: OpenChannel, { stdin, stdout, stderr }: Streams): Promise<number> {
  channel.pipe(stdout, { end: false });
  channel.stderr.pipe(stderr, { end: false });
  // Not `end`: a channel that has ended both ways closes itself, and may do so before the exit code has arrived.
  if (stdin === undefined) channel.eof();
  else {
    stdin.pipe(channel, { end: false });
    stdin.once("end", () => channel.write("", () => channel.eof()));
  }
  return code;
}

async function capture(client: Client, command: string, stdin?: Readable): Promise<CommandResult> {
  const { PassThrough } = await import("node:stream");
  const collect = (): { stream: Writable; text: () => string } => {
    const chunks: Buffer[] = [];
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    return { stream, text: () => Buffer.concat(chunks).toString() };
  };
  const [stdout, stderr] = [collect(), collect()];
  const streams = { stdout: stdout.stream, stderr: stderr.stream, ...(stdin === undefined ? {} : { stdin }) };
  const code = await run(client, command, streams);
  return { exitCode: code, stdout: stdout.text(), stderr: stderr.text() };
}

async function shell(client: Client): Promise<number> {
  const { stdin, stdout, stderr } = process;
  // As with `ssh`, a pipe gets no terminal at the other end: that one would echo the input, and hang up at its end.
  if (!stdin.isTTY) {
    return await attach(await open((opened) => client.shell(false, opened)), { stdin, stdout, stderr });
  }
  const size = { rows: stdout.rows ?? 24, cols: stdout.columns ?? 80, term: process.env["TERM"] ?? "xterm" };
  const { channel, code } = await open((opened) => client.shell(size, opened));
  const resize = (): void => channel.setWindow(stdout.rows ?? 24, stdout.columns ?? 80, 0, 0);
  stdin.setRawMode(true);
  stdout.on("resize", resize);
  stdin.pipe(channel);
  channel.pipe(stdout, { end: false });
  channel.stderr.pipe(stderr, { end: false });
  try {
    return await code;
  } finally {
    stdout.off("resize", resize);
    stdin.unpipe(channel);
    stdin.setRawMode(false);
    stdin.pause();
  }
}

interface OpenChannel {
  readonly channel: ClientChannel;
  readonly code: Promise<number>;
}

/** A short command's exit code can arrive together with the channel: it is listened for before anything is awaited. */
function open(start: (opened: ClientCallback) => void): Promise<OpenChannel> {
  return new Promise((resolve, reject) => {
    start((error, channel) => (error === undefined ? resolve({ channel, code: exitCode(channel) }) : reject(error)));
  });
}

/** 255 when the connection ended without one, as `ssh` does. */
function exitCode(channel: ClientChannel): Promise<number> {
  return new Promise((resolve, reject) => {
    let code = 255;
    channel.on("exit", (value: number | null) => {
      code = value ?? 255;
    });
    channel.on("error", reject);
    channel.on("close", () => resolve(code));
  });
}
