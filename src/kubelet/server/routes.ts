/**
 * The kubelet's paths, and what it takes to ask for them: one table for the decision and for the answer, so that the two
 * cannot read a path differently. Spellings are those that upstream's server takes: net/http's mux in front, which cleans
 * paths by sending clients on to the clean one, and go-restful behind it.
 */
import { cleanPath, encodePath, parseRequestTarget, pathParts } from "../../lib/request-target.ts";

/** What a path is for. */
export type RouteName =
  | "healthz"
  | "metrics"
  | "configz"
  | "pods"
  | "statsSummary"
  | "logs"
  | "containerLogs"
  | "run"
  | "exec"
  | "attach"
  | "portForward";

interface Route {
  readonly name: RouteName;
  readonly methods: readonly string[];
  /** Subresources of the node: the right to one of them is enough. */
  readonly subresources: readonly string[];
  /** Parts of its paths: as they are written, `*` for a parameter, `**` for any number of further parts. */
  readonly paths: readonly string[];
}

const read = ["GET", "HEAD"];
const stream = ["GET", "POST"];
const proxy = ["proxy"];
const ofContainer = ["*/*/*", "*/*/*/*"];

/** By first part. `exact`: nothing is below it; otherwise it is what go-restful calls a web service. */
interface Service {
  readonly subresources: readonly string[];
  readonly exact?: boolean;
  /** Whether clients without the slash are sent on to it. */
  readonly slash?: boolean;
  readonly routes: readonly Omit<Route, "subresources">[];
}

const services = new Map<string, Service>([
  [
    "healthz",
    {
      subresources: ["healthz", "proxy"],
      exact: true,
      routes: [{ name: "healthz", methods: read, paths: ["", "ping", "log", "syncloop"] }],
    },
  ],
  [
    "configz",
    { subresources: ["configz", "proxy"], exact: true, routes: [{ name: "configz", methods: read, paths: [""] }] },
  ],
  [
    "metrics",
    {
      subresources: ["metrics"],
      exact: true,
      routes: [{ name: "metrics", methods: read, paths: ["", "cadvisor", "resource", "probes"] }],
    },
  ],
  ["pods", { subresources: ["pods", "proxy"], routes: [{ name: "pods", methods: ["GET"], paths: [""] }] }],
  [
    "runningpods",
    { subresources: ["pods", "proxy"], slash: true, routes: [{ name: "pods", methods: ["GET"], paths: [""] }] },
  ],
  [
    "stats",
    { subresources: ["stats"], slash: true, routes: [{ name: "statsSummary", methods: stream, paths: ["summary"] }] },
  ],
  ["logs", { subresources: ["log"], slash: true, routes: [{ name: "logs", methods: ["GET"], paths: ["**"] }] }],
  ["containerLogs", { subresources: proxy, routes: [{ name: "containerLogs", methods: ["GET"], paths: ["*/*/*"] }] }],
  ["run", { subresources: proxy, routes: [{ name: "run", methods: ["POST"], paths: ofContainer }] }],
  ["exec", { subresources: proxy, routes: [{ name: "exec", methods: stream, paths: ofContainer }] }],
  ["attach", { subresources: proxy, routes: [{ name: "attach", methods: stream, paths: ofContainer }] }],
  ["portForward", { subresources: proxy, routes: [{ name: "portForward", methods: stream, paths: ["*/*", "*/*/*"] }] }],
]);

/** A request that the kubelet knows how to answer, for whoever may ask. */
export interface RoutedRequest {
  readonly method: string;
  readonly subresources: readonly string[];
  readonly query: URLSearchParams;
  /** Undefined: the path or the method is not served, which only those who may ask are told. */
  readonly route: RouteName | undefined;
  /** Where there is no route: the answer's code. */
  readonly refusal: 404 | 405;
  /** For 405. */
  readonly allowed: readonly string[];
  /** What follows the first part of the path, decoded. */
  readonly parts: readonly string[];
  /** The same as one path, with a slash at its start, and its end where the client had one. */
  readonly below: string;
}

/** What a request asks for; or an answer that is the same for everybody, `location` with 307. */
export type Routing = RoutedRequest | { readonly code: 400 | 404 } | { readonly code: 307; readonly location: string };

export function routeRequest(method: string, target: string): Routing {
  const read = parseRequestTarget(target);
  if (read === undefined || read.path === "*") return { code: 400 };
  const clean = cleanPath(read.escapedPath);
  const service = services.get(firstPart(clean));
  const bare = service !== undefined && pathParts(clean).length === 1 && !clean.endsWith("/");
  if (bare && service.slash) return { code: 307, location: `${clean}/${read.search}` };
  if (clean !== read.escapedPath) return { code: 307, location: encodePath(clean) + read.search };
  if (service === undefined || (service.exact && !isExact(service, read.path))) return { code: 404 };
  return withinService(service, method, read);
}

/** As the mux sees it: decoded part by part, so that what `%2f` stands for is no slash between parts. */
function firstPart(clean: string): string {
  return decodeURIComponent(clean.split("/", 2)[1] as string);
}

/** Paths that are no web service's have one spelling. */
function isExact({ routes }: Service, path: string): boolean {
  const [, , ...rest] = path.split("/");
  return routes.some(({ paths }) => paths.includes(rest.join("/"))) && !path.endsWith("/");
}

function withinService(
  { routes, subresources }: Service,
  method: string,
  { path, search }: { readonly path: string; readonly search: string },
): RoutedRequest {
  const parts = pathParts(path).slice(1);
  const matching = routes.filter(({ paths }) => paths.some((pattern) => matches(pattern, parts)));
  const found = matching.find(({ methods }) => methods.includes(method));
  return {
    method,
    subresources,
    query: new URLSearchParams(search),
    route: found?.name,
    refusal: matching.length > 0 ? 405 : 404,
    allowed: matching.flatMap(({ methods }) => methods),
    parts,
    below: path.slice(path.indexOf("/", 1) < 0 ? path.length : path.indexOf("/", 1)),
  };
}

function matches(pattern: string, parts: readonly string[]): boolean {
  if (pattern === "**") return true;
  const wanted = pattern === "" ? [] : pattern.split("/");
  return wanted.length === parts.length && wanted.every((one, index) => one === "*" || one === parts[index]);
}
