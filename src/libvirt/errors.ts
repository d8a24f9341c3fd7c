/** virError as a typed error, with the numbers of libvirt's virterror.h that mini looks at. */
import type { Native, Pointer } from "./ffi.ts";

/** virErrorNumber. */
export const errorCodes = {
  internal: 1,
  noSupport: 3,
  noConnect: 5,
  operationFailed: 9,
  domainExists: 28,
  operationDenied: 29,
  networkExists: 37,
  systemError: 38,
  rpc: 39,
  noDomain: 42,
  noNetwork: 43,
  authFailed: 45,
  operationInvalid: 55,
  authCancelled: 79,
  accessDenied: 88,
  dbusService: 89,
  authUnavailable: 94,
} as const;

/** virErrorDomain, where it tells apart what has one code. */
export const errorDomains = { rpc: 7, dbus: 47 } as const;

export type LibvirtErrorName = keyof typeof errorCodes | "libraryMissing" | "other";

export interface LibvirtErrorOptions {
  /** virErrorNumber; 0 when the error is not libvirt's. */
  readonly code: number;
  /** virErrorDomain: which part of libvirt. */
  readonly domain: number;
  readonly message: string;
  /** The system's error number where the code is `systemError`. */
  readonly errno?: number | undefined;
  readonly name?: LibvirtErrorName;
  readonly cause?: unknown;
}

export class LibvirtError extends Error {
  readonly code: number;
  readonly domain: number;
  /** The system's error number (errno(3)) where the kind is `systemError`. */
  readonly errno: number | undefined;
  /** The code by name, to branch on. */
  readonly kind: LibvirtErrorName;

  constructor({ code, domain, message, errno, name, cause }: LibvirtErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "LibvirtError";
    this.code = code;
    this.domain = domain;
    this.errno = errno;
    this.kind = name ?? codeName(code);
  }
}

export function libvirtMissing(cause: unknown): LibvirtError {
  const message = "libvirt's client library (libvirt.so.0) cannot be loaded on this machine";
  return new LibvirtError({ code: 0, domain: 0, message, name: "libraryMissing", cause });
}

/** Reads a `virErrorPtr`; what it points to stays libvirt's. */
export function readError(native: Native, address: Pointer, doing: string): LibvirtError {
  if (address === 0) return new LibvirtError({ code: 0, domain: 0, message: `${doing} failed without saying why` });
  // struct _virError: { int code; int domain; char *message; int level; conn; dom; char *str1, *str2, *str3; int int1; … }
  const fields = native.bytes(address, 68);
  const message = native.text(Number(fields.readBigUInt64LE(8)));
  const code = fields.readInt32LE(0);
  const errno = code === errorCodes.systemError ? fields.readInt32LE(64) : undefined;
  return new LibvirtError({ code, domain: fields.readInt32LE(4), message, errno });
}

/** Whether an error is libvirt's and one of these. */
export function isLibvirtError(error: unknown, ...kinds: LibvirtErrorName[]): error is LibvirtError {
  return error instanceof LibvirtError && (kinds.length === 0 || kinds.includes(error.kind));
}

function codeName(code: number): LibvirtErrorName {
  for (const [name, value] of Object.entries(errorCodes)) {
    if (value === code) return name as LibvirtErrorName;
  }
  return "other";
}
