/** Domains: virtual machines, defined in XML. Every Domain holds a handle: use `using`, or call Symbol.dispose. */
import type { Connection } from "./connection.ts";
import { isLibvirtError } from "./errors.ts";
import type { Pointer } from "./ffi.ts";

/** virDomainState, in the order of its numbers. */
const states = ["nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "suspended"] as const;
export type DomainState = (typeof states)[number];

/** virDomainPausedReason and virDomainShutoffReason, as far as mini tells them apart. */
const pausedReasons: Readonly<Record<number, string>> = { 1: "user", 5: "I/O error", 6: "watchdog", 10: "crashed" };
const shutoffReasons: Readonly<Record<number, string>> = { 1: "shutdown", 2: "destroyed", 3: "crashed", 6: "failed" };

export interface DomainStatus {
  readonly state: DomainState;
  /** Why it is paused or shut off: `user`, `crashed`, `unknown`… */
  readonly reason: string;
}

/** Managed save, snapshot metadata, NVRAM and checkpoint metadata would otherwise keep a domain from being undefined. */
const undefineEverything = 1 | 2 | 4 | 16;

export class Domain implements Disposable {
  readonly #connection: Connection;
  #handle: Pointer;

  private constructor(connection: Connection, handle: Pointer) {
    this.#connection = connection;
    this.#handle = handle;
  }

  /** Defines a persistent domain, or replaces the definition of the one with the same name and UUID. */
  static async define(connection: Connection, xml: string): Promise<Domain> {
    return new Domain(connection, await connection.pointer("virDomainDefineXMLFlags", connection.handle, xml, 0));
  }

  /** The domain of that name, undefined when there is none. */
  static async find(connection: Connection, name: string): Promise<Domain | undefined> {
    try {
      return new Domain(connection, await connection.pointer("virDomainLookupByName", connection.handle, name));
    } catch (error) {
      if (isLibvirtError(error, "noDomain")) return undefined;
      throw error;
    }
  }

  /** All domains, running or not; free each. */
  static async list(connection: Connection): Promise<Domain[]> {
    const handles = await connection.list("virConnectListAllDomains", [connection.handle]);
    return handles.map((handle) => new Domain(connection, handle));
  }

  get name(): string {
    return this.#connection.native.text(this.#connection.native.callNow("virDomainGetName", this.#handle));
  }

  /** Boots it. Throws `operationInvalid` when it runs already. */
  async start(): Promise<void> {
    await this.#connection.integer("virDomainCreateWithFlags", this.#handle, 0);
  }

  /** Presses the ACPI power button, the only way for guests without an agent; whether the guest obeys is up to the guest. */
  async shutdown(): Promise<void> {
    await this.#connection.integer("virDomainShutdownFlags", this.#handle, 0);
  }

  /** Ends it at once. Nothing happens when it does not run. */
  async destroy(): Promise<void> {
    try {
      await this.#connection.integer("virDomainDestroyFlags", this.#handle, 0);
    } catch (error) {
      if (!isLibvirtError(error, "operationInvalid", "noDomain")) throw error;
    }
  }

  async suspend(): Promise<void> {
    await this.#connection.integer("virDomainSuspend", this.#handle);
  }

  async resume(): Promise<void> {
    await this.#connection.integer("virDomainResume", this.#handle);
  }

  /** Removes the definition. A running domain stays until it ends. */
  async undefine(): Promise<void> {
    try {
      await this.#connection.integer("virDomainUndefineFlags", this.#handle, undefineEverything);
    } catch (error) {
      if (isLibvirtError(error, "noDomain")) return;
      // The test driver and old daemons know no flags.
      await this.#connection.integer("virDomainUndefineFlags", this.#handle, 0);
    }
  }

  async status(): Promise<DomainStatus> {
    const [state, reason] = [Buffer.alloc(4), Buffer.alloc(4)];
    await this.#connection.integer("virDomainGetState", this.#handle, state, reason, 0);
    const name = states[state.readInt32LE()] ?? "nostate";
    const reasons = name === "paused" ? pausedReasons : shutoffReasons;
    return { state: name, reason: reasons[reason.readInt32LE()] ?? "unknown" };
  }

  xml(): Promise<string> {
    return this.#connection.text("virDomainGetXMLDesc", this.#handle, 0);
  }

  [Symbol.dispose](): void {
    if (this.#handle !== 0) this.#connection.native.callNow("virDomainFree", this.#handle);
    this.#handle = 0;
  }
}
