/**
 * The only place that crosses into C: libvirt.so.0 and a few functions of libc, loaded on first use. Pointers are plain
 * numbers here (user space addresses fit in 53 bits), 0 is NULL; out parameters are Buffers. Calls that may block go
 * through `call`, which runs them on libuv's thread pool; `callNow` is for the few that only touch memory.
 */
import { LibvirtError, libvirtMissing } from "./errors.ts";

export type Argument = number | string | null | Buffer;
export type Pointer = number;

const pointer = "uint64";
const out = "pointer";

/** Return type, then argument types, as in libvirt's headers; `out` marks what C writes to. */
const libvirtFunctions = {
  virSetErrorFunc: ["void", pointer, pointer],
  virGetLastError: [pointer],
  virConnGetLastError: [pointer, pointer],
  virConnectOpen: [pointer, "string"],
  virConnectOpenReadOnly: [pointer, "string"],
  virConnectClose: ["int", pointer],
  virConnectGetLibVersion: ["int", pointer, out],
  virConnectGetVersion: ["int", pointer, out],
  virConnectGetCapabilities: [pointer, pointer],
  virConnectGetDomainCapabilities: [pointer, pointer, "string", "string", "string", "string", "uint"],
  virConnectListAllDomains: ["int", pointer, out, "uint"],
  virConnectListAllNetworks: ["int", pointer, out, "uint"],
  virDomainDefineXMLFlags: [pointer, pointer, "string", "uint"],
  virDomainLookupByName: [pointer, pointer, "string"],
  virDomainCreateWithFlags: ["int", pointer, "uint"],
  virDomainShutdownFlags: ["int", pointer, "uint"],
  virDomainDestroyFlags: ["int", pointer, "uint"],
  virDomainUndefineFlags: ["int", pointer, "uint"],
  virDomainSuspend: ["int", pointer],
  virDomainResume: ["int", pointer],
  virDomainGetState: ["int", pointer, out, out, "uint"],
  virDomainGetXMLDesc: [pointer, pointer, "uint"],
  virDomainGetName: [pointer, pointer],
  virDomainFree: ["int", pointer],
  virNetworkDefineXML: [pointer, pointer, "string"],
  virNetworkLookupByName: [pointer, pointer, "string"],
  virNetworkCreate: ["int", pointer],
  virNetworkDestroy: ["int", pointer],
  virNetworkUndefine: ["int", pointer],
  virNetworkSetAutostart: ["int", pointer, "int"],
  virNetworkIsActive: ["int", pointer],
  virNetworkUpdate: ["int", pointer, "uint", "uint", "int", "string", "uint"],
  virNetworkGetXMLDesc: [pointer, pointer, "uint"],
  virNetworkGetName: [pointer, pointer],
  virNetworkGetDHCPLeases: ["int", pointer, "string", out, "uint"],
  virNetworkDHCPLeaseFree: ["void", pointer],
  virNetworkFree: ["int", pointer],
} as const satisfies Record<string, readonly string[]>;

const libcFunctions = {
  strlen: [pointer, pointer],
  memcpy: [pointer, out, pointer, pointer],
  free: ["void", pointer],
  getxattr: ["int64", "string", "string", out, pointer],
  setxattr: ["int", "string", "string", out, pointer, "int"],
} as const satisfies Record<string, readonly string[]>;

export type LibvirtFunction = keyof typeof libvirtFunctions;

/** How the C side is called; one for the whole process. */
export interface Native {
  /** Runs a function on the thread pool. */
  call(name: LibvirtFunction, ...args: Argument[]): Promise<number>;
  /** Runs a function at once, on this thread. */
  callNow(name: LibvirtFunction, ...args: Argument[]): number;
  /** `length` bytes copied from an address. */
  bytes(address: Pointer, length: number): Buffer;
  /** The zero-ended string at an address, which stays whose it was. */
  text(address: Pointer): string;
  /** As `text`, and frees it: for results that the caller owns. */
  takeText(address: Pointer): string;
  /** Gives memory back that libvirt allocated. */
  free(address: Pointer): void;
  /** An extended attribute of a file, undefined where it has none or its file system knows none; links are followed. */
  attribute(path: string, name: string): Buffer | undefined;
  /** Whether the attribute could be set. */
  setAttribute(path: string, name: string, value: Buffer): boolean;
}

/** XATTR_SIZE_MAX of Linux. */
const longestAttribute = 65_536;

type Functions = Record<string, import("ffi-napi").ForeignFunction>;

let loading: Promise<Native> | undefined;

/** Loads the library once. Throws LibvirtError `library-missing` when the machine does not have it. */
export function loadNative(): Promise<Native> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Native> {
  const { default: ffi } = await import("ffi-napi");
  const bind = (path: string, table: Record<string, readonly string[]>): [Functions, (symbol: string) => number] => {
    const library = new ffi.DynamicLibrary(path);
    const entries = Object.entries(table).map(([name, [result = "void", ...args]]) => {
      return [name, ffi.ForeignFunction(library.get(name), result, args)] as const;
    });
    return [Object.fromEntries(entries), (symbol) => library.get(symbol).address()];
  };
  let libvirt: Functions;
  let addressOf: (symbol: string) => number;
  try {
    [libvirt, addressOf] = bind("libvirt.so.0", libvirtFunctions);
  } catch (error) {
    throw libvirtMissing(error);
  }
  const native = wrap(libvirt, bind("libc.so.6", libcFunctions)[0]);
  // libvirt's own handler prints every error on standard error. virResetError(NULL, …) is a function of the right
  // shape that does nothing, and being C it may be called from any thread.
  native.callNow("virSetErrorFunc", 0, addressOf("virResetError"));
  return native;
}

function wrap(libvirt: Functions, libc: Functions): Native {
  const of = (functions: Functions, name: string): import("ffi-napi").ForeignFunction => {
    const found = functions[name];
    if (found === undefined) throw new LibvirtError({ code: 0, domain: 0, message: `${name} is not bound` });
    return found;
  };
  const bytes = (address: Pointer, length: number): Buffer => {
    const copy = Buffer.alloc(length);
    if (length > 0) of(libc, "memcpy")(copy, address, length);
    return copy;
  };
  const text = (address: Pointer): string =>
    address === 0 ? "" : bytes(address, Number(of(libc, "strlen")(address))).toString("utf8");
  const free = (address: Pointer): void => {
    of(libc, "free")(address);
  };
  return {
    bytes,
    text,
    free,
    attribute: (path, name) => {
      const value = Buffer.alloc(longestAttribute);
      const length = Number(of(libc, "getxattr")(path, name, value, value.length));
      return length < 0 ? undefined : value.subarray(0, length);
    },
    setAttribute: (path, name, value) => Number(of(libc, "setxattr")(path, name, value, value.length, 0)) === 0,
    takeText: (address) => {
      const copy = text(address);
      free(address);
      return copy;
    },
    callNow: (name, ...args) => Number(of(libvirt, name)(...args)),
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        of(libvirt, name).async(...args, (error, result) => {
          if (error === null) resolve(Number(result));
          else reject(error);
        });
      }),
  };
}
