import { badRequest } from "../../machinery/errors/status-error.ts";

export interface ContinueToken {
  /** Revision of the snapshot; -1: go on in the newest state. */
  readonly revision: number;
  /** Keys after this one are left to list. */
  readonly after: string;
}

/** Upstream's token: base64url of `{"v":"meta.k8s.io/v1","rv":17,"start":"default/name\u0000"}`. */
export function encodeContinue(prefix: string, { revision, after }: ContinueToken): string {
  const token = { v: "meta.k8s.io/v1", rv: revision, start: `${after.slice(prefix.length)}\0` };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

/** Throws StatusError BadRequest. A token never leads out of `prefix`. */
export function decodeContinue(prefix: string, text: string): ContinueToken {
  const token = parse(text);
  if (token.v !== "meta.k8s.io/v1") {
    throw refuse(`server does not recognize this encoded version ${typeof token.v === "string" ? token.v : ""}`);
  }
  if (!Number.isSafeInteger(token.rv) || token.rv === 0) {
    throw refuse("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  if (typeof token.start !== "string" || token.start === "") {
    throw refuse("encoded start key empty (version meta.k8s.io/v1)");
  }
  if (token.start.split("/").some((part) => part === ".." || part === ".")) throw refuse(token.start);
  const start = token.start.replace(/^\//, "").replace(/\0$/, "");
  return { revision: token.rv as number, after: prefix + start };
}

function parse(text: string): { v?: unknown; rv?: unknown; start?: unknown } {
  try {
    const token: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return typeof token === "object" && token !== null ? token : {};
  } catch (cause) {
    throw badRequest(`continue key is not valid: ${(cause as Error).message}`, { cause });
  }
}

const refuse = (detail: string): Error => badRequest(`continue key is not valid: ${detail}`);
