import { StatusError } from "../../machinery/errors/status-error.ts";

/** The namespace is being deleted: every further creation in it will fail, and nobody need be told. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof StatusError &&
  (error.status.details?.causes ?? []).some((cause) => cause.reason === "NamespaceTerminating");

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
