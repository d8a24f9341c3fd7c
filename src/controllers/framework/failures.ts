import { isNotFound, StatusError } from "../../machinery/errors/status-error.ts";

/** The namespace is being deleted: every further creation in it will fail, and nobody need be told. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof StatusError &&
  (error.status.details?.causes ?? []).some((cause) => cause.reason === "NamespaceTerminating");

/** Runs a deletion; an object that is gone already is success. */
export async function ignoreNotFound<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
