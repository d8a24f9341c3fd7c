/**
 * What an HTTP request names, read once. Decisions about a request and its answer are both made from this value; two
 * readings of one URL that differ are a way around the first. As Go's server reads it (RFC 9112, section 3.2): the path
 * is decoded as a whole, nothing in it is resolved or cleaned.
 */
export interface RequestTarget {
  /** Decoded, and otherwise as it was sent: `..`, `//` and what `%2f` stood for are still there. */
  readonly path: string;
  /** As it was sent. */
  readonly escapedPath: string;
  /** `?` and what follows it, as it was sent; empty where there is none. */
  readonly search: string;
}

/** Undefined where the target is malformed: the request is a bad one. `*` is a path of its own. */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  const rest = target.startsWith("/") || target === "*" ? target : afterAuthority(target);
  if (rest === undefined) return undefined;
  const mark = rest.indexOf("?");
  const escapedPath = mark < 0 ? rest : rest.slice(0, mark);
  const search = mark < 0 ? "" : rest.slice(mark);
  if (!escapedPath.includes("%")) return { path: escapedPath, escapedPath, search };
  try {
    return { path: decodeURIComponent(escapedPath), escapedPath, search };
  } catch {
    return undefined;
  }
}

/** The absolute form is served as its path; whoever sends it takes this server for a proxy of itself. */
function afterAuthority(target: string): string | undefined {
  const authority = /^https?:\/\/[^/?#]+/i.exec(target)?.[0];
  return authority === undefined ? undefined : target.slice(authority.length);
}

/** The parts of a decoded path between its slashes, but for those at its ends; an empty part in the middle is one. */
export function pathParts(path: string): string[] {
  let start = 0;
  let end = path.length;
  while (start < end && path[start] === "/") start++;
  while (end > start && path[end - 1] === "/") end--;
  return start === end ? [] : path.slice(start, end).split("/");
}

/** A decoded path as Go's URLs write it. */
export function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#!*'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Go's cleaning of a path before it is served: absolute, without `.`, `..` and empty parts, a slash at its end kept. */
export function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  const clean = `/${kept.join("/")}`;
  return path.endsWith("/") && clean !== "/" ? `${clean}/` : clean;
}
