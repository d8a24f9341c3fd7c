import { methodNotAllowed } from "../../machinery/errors/status-error.ts";
import type { HttpRequest } from "../types.ts";

/** Throws StatusError MethodNotAllowed where something that can only be read is asked for otherwise. */
export function requireRead({ method }: Pick<HttpRequest, "method">): void {
  if (method !== "GET" && method !== "HEAD") throw methodNotAllowed();
}
