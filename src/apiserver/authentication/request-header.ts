import type { IncomingHttpHeaders } from "node:http";
import { setAt } from "../../machinery/meta/accessors.ts";
import type { UserInfo } from "../types.ts";
import { withAuthenticatedGroup } from "./user.ts";

const extraPrefix = "x-remote-extra-";

/** Whether a request claims a user through front-proxy headers. */
export function hasRequestHeaders(headers: IncomingHttpHeaders): boolean {
  return headers["x-remote-user"] !== undefined;
}

/** The user in X-Remote-User, -Group, -Uid and -Extra-*; only for connections whose certificate the front proxy's CA signed. */
export function userFromRequestHeaders(headers: IncomingHttpHeaders): UserInfo | undefined {
  const username = firstValue(headers["x-remote-user"]);
  if (username === undefined || username === "") return undefined;
  const uid = firstValue(headers["x-remote-uid"]);
  const extra: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(extraPrefix)) setAt(extra, decodeExtraKey(name.slice(extraPrefix.length)), values(value));
  }
  return withAuthenticatedGroup({
    username,
    ...(uid ? { uid } : {}),
    groups: values(headers["x-remote-group"]),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  });
}

/** Repeated headers, which Node joins by `, `. */
export function values(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  if (Array.isArray(header)) return header;
  return header.split(", ");
}

export function firstValue(header: string | string[] | undefined): string | undefined {
  return values(header)[0];
}

/** Keys of extra headers are percent-encoded where they are no header names; malformed ones are kept as they are. */
export function decodeExtraKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch (error) {
    if (error instanceof URIError) return key;
    throw error;
  }
}
