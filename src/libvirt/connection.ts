/** A connection to one hypervisor driver. Close it (or `await using`); handles taken from it must be freed before. */
import { type LibvirtError, readError } from "./errors.ts";
import { type Argument, type LibvirtFunction, loadNative, type Native, type Pointer } from "./ffi.ts";
import { Version } from "./version.ts";

export type ConnectionUri = "qemu:///system" | "qemu:///session" | "test:///default";

export class Connection implements AsyncDisposable {
  readonly native: Native;
  readonly uri: ConnectionUri;
  #handle: Pointer;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(native: Native, uri: ConnectionUri, handle: Pointer) {
    this.native = native;
    this.uri = uri;
    this.#handle = handle;
  }

  /**
   * Opens a connection; never asks for a password. `readOnly` needs no rights beyond the public socket. Throws
   * LibvirtError: `libraryMissing`, `systemError` (no daemon, no permission on its socket), `authFailed` and kin.
   */
  static async open(uri: ConnectionUri, { readOnly = false } = {}): Promise<Connection> {
    const native = await loadNative();
    const open = readOnly ? "virConnectOpenReadOnly" : "virConnectOpen";
    let handle = await native.call(open, uri);
    // Errors are kept per thread, and without a connection there is no other place to find them: what has just failed
    // on the thread pool is tried once more on this thread, where its error can be read.
    if (handle === 0) handle = native.callNow(open, uri);
    if (handle === 0) throw readError(native, native.callNow("virGetLastError"), `opening ${uri}`);
    return new Connection(native, uri, handle);
  }

  get handle(): Pointer {
    if (this.#handle === 0) throw new Error(`the connection to ${this.uri} is closed`);
    return this.#handle;
  }

  /** Calls a function that returns a negative number on failure. */
  async integer(name: LibvirtFunction, ...args: Argument[]): Promise<number> {
    return this.#call(name, args, (result) => result < 0);
  }

  /** Calls a function that returns NULL on failure. */
  async pointer(name: LibvirtFunction, ...args: Argument[]): Promise<Pointer> {
    return this.#call(name, args, (result) => result === 0);
  }

  /** Calls a function that returns a string which is ours to free. */
  async text(name: LibvirtFunction, ...args: Argument[]): Promise<string> {
    return this.native.takeText(await this.pointer(name, ...args));
  }

  /** Calls `name(…args, &array, flags)`, which fills an array of pointers of which it returns the length. */
  async list(name: LibvirtFunction, args: readonly Argument[], flags = 0): Promise<Pointer[]> {
    const array = Buffer.alloc(8);
    const count = await this.integer(name, ...args, array, flags);
    const start = Number(array.readBigUInt64LE());
    const items = this.native.bytes(start, count * 8);
    this.native.free(start);
    return Array.from({ length: count }, (_, index) => Number(items.readBigUInt64LE(index * 8)));
  }

  /** libvirt's own version, on the daemon's side. */
  version(): Promise<Version> {
    return this.#version("virConnectGetLibVersion");
  }

  /** The hypervisor's version: QEMU's, of the emulator that domains of this machine's architecture get. */
  hypervisorVersion(): Promise<Version> {
    return this.#version("virConnectGetVersion");
  }

  async close(): Promise<void> {
    if (this.#handle === 0) return;
    await this.#queue;
    await this.native.call("virConnectClose", this.#handle);
    this.#handle = 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #version(name: "virConnectGetLibVersion" | "virConnectGetVersion"): Promise<Version> {
    // An unsigned long: 1,000,000 × major + 1,000 × minor + release.
    const number = Buffer.alloc(8);
    await this.integer(name, this.handle, number);
    const value = Number(number.readBigUInt64LE());
    return new Version(Math.floor(value / 1_000_000), Math.floor(value / 1000) % 1000, value % 1000);
  }

  /** One call at a time, so that the connection's last error is that of the call that has just failed. */
  #call(name: LibvirtFunction, args: readonly Argument[], failed: (result: number) => boolean): Promise<number> {
    const result = this.#queue.then(async () => {
      const value = await this.native.call(name, ...args);
      if (failed(value)) throw this.#lastError(name);
      return value;
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #lastError(name: string): LibvirtError {
    return readError(this.native, this.native.callNow("virConnGetLastError", this.handle), name);
  }
}
