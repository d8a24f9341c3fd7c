import { isNotFound } from "./status-error.ts";

/** Runs a deletion or change; an object that is gone already is success, with undefined. */
export async function ignoreNotFound<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
