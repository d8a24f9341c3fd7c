/**
 * The register of API errors: every failure that a client sees is a StatusError, made by one of the functions below,
 * with the code, reason, message and details that kube-apiserver gives (apimachinery pkg/api/errors).
 */
import type { FieldError } from "./field-error.ts";

export interface StatusCause {
  reason?: string | undefined;
  message?: string | undefined;
  field?: string | undefined;
}

export interface StatusDetails {
  name?: string | undefined;
  group?: string | undefined;
  kind?: string | undefined;
  uid?: string | undefined;
  causes?: StatusCause[] | undefined;
  retryAfterSeconds?: number | undefined;
}

/** metav1.Status, as it goes over the wire. */
export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: Record<string, unknown>;
  status: "Success" | "Failure";
  message?: string | undefined;
  reason?: string | undefined;
  details?: StatusDetails | undefined;
  code?: number | undefined;
}

/** What an error is about: the plural name of a resource and its group. */
export interface ResourceName {
  readonly group: string;
  readonly plural: string;
}

export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Omit<Status, "kind" | "apiVersion" | "metadata" | "status">, options?: ErrorOptions) {
    super(status.message, options);
    this.name = "StatusError";
    this.status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", ...status };
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): string {
    return this.status.reason ?? "";
  }
}

const qualified = ({ group, plural }: ResourceName): string => (group === "" ? plural : `${plural}.${group}`);
const about = ({ group, plural }: ResourceName, name: string): StatusDetails => ({
  ...(name === "" ? {} : { name }),
  ...(group === "" ? {} : { group }),
  kind: plural,
});

export function notFound(resource: ResourceName, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: "NotFound",
    message: `${qualified(resource)} "${name}" not found`,
    details: about(resource, name),
  });
}

export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return new StatusError({
    code: 409,
    reason: "AlreadyExists",
    message: `${qualified(resource)} "${name}" already exists`,
    details: about(resource, name),
  });
}

export function conflict(resource: ResourceName, name: string, detail: string): StatusError {
  return new StatusError({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${detail}`,
    details: about(resource, name),
  });
}

/** The message of a write whose resourceVersion is not the stored one. */
export const modifiedMessage =
  "the object has been modified; please apply your changes to the latest version and try again";

export function invalid(gk: { group: string; kind: string }, name: string, errors: readonly FieldError[]): StatusError {
  const what = gk.group === "" ? gk.kind : `${gk.kind}.${gk.group}`;
  const list = errors.map((error) => error.message);
  const detail = list.length === 1 ? list[0] : `[${[...new Set(list)].join(", ")}]`;
  return new StatusError({
    code: 422,
    reason: "Invalid",
    message: `${what} "${name}" is invalid: ${detail}`,
    details: {
      ...(name === "" ? {} : { name }),
      ...(gk.group === "" ? {} : { group: gk.group }),
      kind: gk.kind,
      causes: errors.map((error) => ({ reason: error.type, message: error.detailMessage, field: error.field })),
    },
  });
}

export function badRequest(message: string, options?: ErrorOptions): StatusError {
  return new StatusError({ code: 400, reason: "BadRequest", message }, options);
}

export function unauthorized(message = "Unauthorized"): StatusError {
  return new StatusError({ code: 401, reason: "Unauthorized", message });
}

/** `message` is the authorizer's or admission plugin's whole sentence after the colon. */
export function forbidden(resource: ResourceName, name: string, message: string): StatusError {
  return new StatusError({
    code: 403,
    reason: "Forbidden",
    message: `${qualified(resource)}${name === "" ? " is forbidden" : ` "${name}" is forbidden`}: ${message}`,
    details: about(resource, name),
  });
}

export function methodNotSupported(resource: ResourceName, method: string): StatusError {
  return new StatusError({
    code: 405,
    reason: "MethodNotAllowed",
    message: `${method} is not supported on resources of kind "${qualified(resource)}"`,
    details: about(resource, ""),
  });
}

export function notAcceptable(message: string): StatusError {
  return new StatusError({ code: 406, reason: "NotAcceptable", message });
}

export function unsupportedMediaType(message: string): StatusError {
  return new StatusError({ code: 415, reason: "UnsupportedMediaType", message });
}

/** A watch or continue token whose revision was compacted. */
export function expired(message: string): StatusError {
  return new StatusError({ code: 410, reason: "Expired", message });
}

export function requestEntityTooLarge(message: string): StatusError {
  return new StatusError({
    code: 413,
    reason: "RequestEntityTooLarge",
    message: `Request entity too large: ${message}`,
  });
}

export function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError({ code: 429, reason: "TooManyRequests", message, details: { retryAfterSeconds } });
}

export function internalError(cause: unknown): StatusError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StatusError(
    {
      code: 500,
      reason: "InternalError",
      message: `Internal error occurred: ${message}`,
      details: { causes: [{ message }] },
    },
    { cause },
  );
}

export function serviceUnavailable(message: string): StatusError {
  return new StatusError({ code: 503, reason: "ServiceUnavailable", message });
}

export function timeout(message: string, retryAfterSeconds = 0): StatusError {
  return new StatusError({ code: 504, reason: "Timeout", message, details: { retryAfterSeconds } });
}

/** A path that nothing serves. */
export function unknownPath(): StatusError {
  return new StatusError({
    code: 404,
    reason: "NotFound",
    message: "the server could not find the requested resource",
    details: {},
  });
}

/** A path that is served, but not with this method. */
export function methodNotAllowed(): StatusError {
  return new StatusError({
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
    details: {},
  });
}

export const isNotFound = (error: unknown): boolean => error instanceof StatusError && error.code === 404;
export const isConflict = (error: unknown): boolean => error instanceof StatusError && error.reason === "Conflict";
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof StatusError && error.reason === "AlreadyExists";
