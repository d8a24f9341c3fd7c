/**
 * The runc driver in a process of its own. Under sudo the launcher becomes the person who called it (src/lib/invoking-user);
 * what needs root, machines of the runc driver and nothing else, is asked of a process that stays root. It knows only the
 * methods of Driver, lives as long as the launcher, and takes back what it was at when the launcher dies.
 */
import { spawn } from "node:child_process";
import type { Driver } from "./driver.ts";
import { DriverError } from "./driver-error.ts";

/** The launcher's command line for the process; not a command for people. */
export const rootProcessCommand = "runc-driver-process";

/** A pair of ends that carry messages as JSON. */
export interface Channel {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
}

const methods = [
  "check",
  "allocateNetwork",
  "create",
  "start",
  "stop",
  "resume",
  "remove",
  "state",
  "consoleLog",
] as const;
type Method = (typeof methods)[number];

export interface Call {
  readonly id: number;
  readonly method: Method;
  readonly argument: unknown;
  /** What goes with the signal in the method's options; undefined for methods without options. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Aborts the signal of a call. */
export interface Abort {
  readonly abort: number;
}

export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: Failure;
}

interface Failure {
  readonly message: string;
  /** Of a DriverError. */
  readonly driver?: { readonly id: string; readonly advice?: string | undefined };
  /** Of a system error. */
  readonly code?: string | undefined;
  readonly name?: string;
}

let remote: Driver | undefined;

/** Starts the process, while this one is root still, to work for that person. It waits for calls and ends with this one. */
export function startRootProcess({ uid, gid }: { uid: number; gid: number }): void {
  const child = spawn(process.execPath, [rootProcessCommand, String(uid), String(gid)], {
    cwd: "/",
    // Out of the terminal's process group: on Ctrl-C the launcher says what is to be undone.
    detached: true,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  remote = remoteDriver({
    // A message that cannot be sent any more is followed by the end of the channel, which is told.
    send: (message) => void child.send(message as object, () => undefined),
    onMessage: (listener) => void child.on("message", listener),
    onClose: (listener) => {
      child.on("error", listener);
      child.on("disconnect", listener);
    },
  });
}

/** The runc driver of the root process; undefined where none was started. */
export function rootDriver(): Driver | undefined {
  return remote;
}

/** A driver whose methods run at the other end. */
export function remoteDriver(channel: Channel): Driver {
  const caller = new Caller(channel);
  return {
    name: "runc",
    description: "privileged container on runc",
    check: (needs) => caller.call("check", needs),
    allocateNetwork: (taken, options) => caller.call("allocateNetwork", taken, options),
    create: (machine, options) => caller.call("create", machine, options),
    start: (machine, options) => caller.call("start", machine, options),
    stop: (machine, options) => caller.call("stop", machine, options),
    resume: (machine, options) => caller.call("resume", machine, options),
    remove: (machine, options) => caller.call("remove", machine, options),
    state: (machine) => caller.call("state", machine),
    consoleLog: (machine) => caller.call("consoleLog", machine),
  };
}

class Caller {
  readonly #channel: Channel;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  #calls = 0;
  #closed = false;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.onMessage((message) => this.#settle(message as Reply));
    channel.onClose(() => {
      this.#closed = true;
      for (const { reject } of this.#waiting.values()) reject(ended());
      this.#waiting.clear();
    });
  }

  async call<T>(method: Method, argument: unknown, options?: { readonly signal: AbortSignal }): Promise<T> {
    if (this.#closed) throw ended();
    const id = ++this.#calls;
    const { signal, ...rest } = options ?? {};
    const abort = (): void => this.#channel.send({ abort: id } satisfies Abort);
    const reply = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#channel.send({ id, method, argument, ...(options === undefined ? {} : { options: rest }) } satisfies Call);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    try {
      return (await reply) as T;
    } catch (error) {
      // The reason is an object of this process; the other end knows only that there was one.
      if (!(error instanceof DriverError)) signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  #settle({ id, value, failure }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure === undefined) waiting?.resolve(value);
    else waiting?.reject(revive(failure));
  }
}

function ended(): Error {
  return new Error("the process that runs the runc driver as root has ended");
}

/** An error as it goes over the channel. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof DriverError) return { message: error.message, driver: { id: error.id, advice: error.advice } };
  const { message, name, code }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  return { message, name, code };
}

function revive({ message, driver, name, code }: Failure): Error {
  if (driver !== undefined) {
    return new DriverError(driver.id, message, driver.advice === undefined ? {} : { advice: driver.advice });
  }
  return Object.assign(new Error(message), { name: name ?? "Error" }, code === undefined ? {} : { code });
}

export function isMethod(name: unknown): name is Method {
  return (methods as readonly unknown[]).includes(name);
}
