/**
 * The register of store errors: every rejection of a Store is a StoreError with one of these codes. Codes are stable;
 * callers look at `code`, never at the message.
 */
export const storeErrorCodes = {
  STORE_KEY_EXISTS: "create of a key that is there already",
  STORE_KEY_NOT_FOUND: "update or delete of a key that is not there",
  STORE_REVISION_MISMATCH: "the key was written since the expected revision",
  STORE_COMPACTED: "the revision asked for was compacted",
  STORE_FUTURE_REVISION: "the revision asked for is not reached yet",
  STORE_LOCKED: "another process has the database open",
  STORE_CORRUPT: "the database file is damaged or not a database",
  STORE_FULL: "the disk is full",
  STORE_TOO_NEW: "the database was written by a newer version",
  STORE_CLOSED: "the store was closed",
  STORE_FAILED: "any other failure of the database",
} as const;

export type StoreErrorCode = keyof typeof storeErrorCodes;

interface StoreErrorFields extends ErrorOptions {
  /** The revision that stands in the way: the key's own on a mismatch, the oldest readable one when compacted. */
  readonly revision?: number;
}

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly revision: number | undefined;

  constructor(code: StoreErrorCode, message: string, { revision, cause }: StoreErrorFields = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "StoreError";
    this.code = code;
    this.revision = revision;
  }
}

/** Whether `error` is a StoreError, of the given code if one is named. */
export function isStoreError(error: unknown, code?: StoreErrorCode): error is StoreError {
  return error instanceof StoreError && (code === undefined || error.code === code);
}

export const keyExists = (key: string, revision: number): StoreError =>
  new StoreError("STORE_KEY_EXISTS", `key ${key} exists`, { revision });
export const keyNotFound = (key: string): StoreError =>
  new StoreError("STORE_KEY_NOT_FOUND", `key ${key} does not exist`);
export const revisionMismatch = (key: string, expected: number, revision: number): StoreError =>
  new StoreError("STORE_REVISION_MISMATCH", `key ${key} is at revision ${revision}, not ${expected}`, { revision });
export const compacted = (asked: number, revision: number): StoreError =>
  new StoreError("STORE_COMPACTED", `revision ${asked} was compacted, the oldest is ${revision}`, { revision });
export const futureRevision = (asked: number, revision: number): StoreError =>
  new StoreError("STORE_FUTURE_REVISION", `revision ${asked} is not reached, the newest is ${revision}`, { revision });
export const closed = (): StoreError => new StoreError("STORE_CLOSED", "the store is closed");
