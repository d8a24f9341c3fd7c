/** The 400 answers for bodies that are JSON but not of the kind that they should be of. */
import { badRequest, type StatusError } from "../errors/status-error.ts";
import type { GroupVersionKind } from "../meta/object.ts";

/** `Deployment in version "v1" cannot be handled as a Deployment: MESSAGE`; `given` is what the body says it is. */
export function cannotBeHandled(given: GroupVersionKind, expectedKind: string, message: string): StatusError {
  return badRequest(
    `${given.kind} in version ${JSON.stringify(given.version)} cannot be handled as a ${expectedKind}: ${message}`,
  );
}

/** `strict decoding error: unknown field "spec.foo", duplicate field "spec.bar"`: for the function above. */
export function strictDecodingError(messages: readonly string[]): string {
  return `strict decoding error: ${messages.join(", ")}`;
}

export const duplicateField = (path: string): string => `duplicate field ${JSON.stringify(path)}`;
export const unknownField = (path: string): string => `unknown field ${JSON.stringify(path)}`;
