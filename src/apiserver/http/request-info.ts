import { parseRequestTarget, pathParts } from "../../lib/request-target.ts";
import { badRequest } from "../../machinery/errors/status-error.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { parseFieldSelector, requiredValue } from "../../machinery/selectors/field-selector.ts";
import { isPathSegmentName } from "../../machinery/validation/names.ts";
import type { RequestInfo } from "../types.ts";

const verbOfMethod: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const namespaceSubresources = new Set(["status", "finalize"]);
const noQuery = new URLSearchParams();

/** Takes a request's method and URL apart as apiserver's RequestInfoFactory does. Throws StatusError BadRequest. */
export function parseRequestInfo(method: string, url: string): RequestInfo {
  const target = parseRequestTarget(url);
  if (target === undefined) throw badRequest(`invalid path ${url}`);
  const { path, search } = target;
  const query = search === "" ? noQuery : new URLSearchParams(search);
  const parts = pathParts(path);
  const core = parts[0] === "api";
  if ((!core && parts[0] !== "apis") || parts.length < (core ? 3 : 4))
    return nonResource(method, { path, search, query });
  const group = core ? "" : (parts[1] as string);
  const version = parts[core ? 1 : 2] as string;
  const rest = parts.slice(core ? 2 : 3);
  let verb = valueAt(verbOfMethod, method) ?? "";
  const legacyVerb = rest[0] === "watch" || rest[0] === "proxy" ? rest.shift() : undefined;
  if (legacyVerb !== undefined) {
    if (rest.length === 0) throw badRequest(`unable to determine kind and namespace from url, ${url}`);
    verb = legacyVerb;
  }
  const { namespace, segments } = splitNamespace(rest);
  const [resource = "", pathName = "", part = "", ...further] = segments;
  const subresource = legacyVerb === "proxy" ? "" : part;
  let name = pathName;
  if (name === "" && verb === "get") {
    verb = isWatch(query) ? "watch" : "list";
    name = nameInFieldSelector(query) ?? "";
  }
  if (name === "" && verb === "delete") verb = "deletecollection";
  return {
    path,
    search,
    query,
    verb,
    isResourceRequest: true,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    subpath: further.length === 0 ? "" : subpathOf(path, further),
  };
}

function nonResource(method: string, target: Pick<RequestInfo, "path" | "search" | "query">): RequestInfo {
  return {
    ...target,
    verb: method.toLowerCase(),
    isResourceRequest: false,
    group: "",
    version: "",
    resource: "",
    subresource: "",
    namespace: "",
    name: "",
    subpath: "",
  };
}

/** `namespaces/NS/pods/…` is in a namespace; `namespaces/NS` and its subresources are about the namespace itself. */
function splitNamespace(parts: string[]): { namespace: string; segments: string[] } {
  if (parts[0] !== "namespaces" || parts.length < 2) return { namespace: "", segments: parts };
  const namespace = parts[1] as string;
  const inside = parts.length > 2 && !namespaceSubresources.has(parts[2] as string);
  return { namespace, segments: inside ? parts.slice(2) : parts };
}

function isWatch(query: URLSearchParams): boolean {
  const value = query.get("watch");
  return value !== null && value !== "false" && value !== "0";
}

/** A list or watch of one object by name is authorized as that name. */
function nameInFieldSelector(query: URLSearchParams): string | undefined {
  const text = query.get("fieldSelector");
  if (text === null || !text.includes("metadata.name")) return undefined;
  try {
    const name = requiredValue(parseFieldSelector(text), "metadata.name");
    return name !== undefined && isPathSegmentName(name).length === 0 ? name : undefined;
  } catch {
    // The list itself answers with the error.
    return undefined;
  }
}

/** What follows the subresource, with a trailing slash kept: proxied servers tell the two apart. */
function subpathOf(path: string, further: readonly string[]): string {
  return further.join("/") + (path.endsWith("/") ? "/" : "");
}
