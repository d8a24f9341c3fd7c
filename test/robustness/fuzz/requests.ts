/** One case: a request that a client might send who makes mistakes, or makes them on purpose. */
import { stringify } from "yaml";
import { encodeProtobuf, protobufMediaType } from "../../../src/machinery/codec/protobuf.ts";
import { generate, mutate } from "./mutations.ts";
import type { Random } from "./random.ts";
import { type Target, targets } from "./targets.ts";
import { oddText, oddValue, RawText, wireText } from "./values.ts";

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

type Json = Record<string, unknown>;

export const seedName = (target: Target): string => target.seed.name ?? `fuzz-${target.kind.toLowerCase()}`;

export function seedObject(target: Target, name = seedName(target)): Json {
  const { apiVersion, kind, seed } = target;
  const metadata = { name, labels: { app: "a" }, annotations: { "example.com/a": "b" }, finalizers: [] };
  return { apiVersion, kind, metadata, ...structuredClone(seed.body) };
}

export function makeRequest(random: Random, number: number): FuzzRequest {
  const target = random.pick(targets);
  const weights: readonly [number, (target: Target, random: Random, number: number) => FuzzRequest][] = [
    [30, create],
    [15, update],
    [25, patch],
    [6, remove],
    [10, read],
    [8, subresource],
    [3, garbage],
    [3, oddCall],
  ];
  let chosen = random.below(100);
  for (const [weight, make] of weights) {
    if (chosen < weight) return make(target, random, number);
    chosen -= weight;
  }
  throw new Error("the weights do not add up");
}

function objectFor(target: Target, random: Random, name: string): Json {
  const { schemas, schemaName } = target;
  if (schemas === undefined || schemaName === undefined || random.chance(0.7)) {
    const object = seedObject(target, name);
    mutate(object, random);
    return object;
  }
  const generated = generate(schemas, schemaName, random) as Json;
  const object = { apiVersion: target.apiVersion, kind: target.kind, ...generated, metadata: { name } };
  if (random.chance(0.5)) mutate(object, random);
  return object;
}

function create(target: Target, random: Random, number: number): FuzzRequest {
  const object = objectFor(target, random, target.seed.name ?? `new-${number}`);
  return send("POST", target.path, target, object, random);
}

function update(target: Target, random: Random): FuzzRequest {
  return send("PUT", `${target.path}/${seedName(target)}`, target, objectFor(target, random, seedName(target)), random);
}

/** The object in one of the forms that bodies have. */
function send(method: string, path: string, target: Target, object: Json, random: Random): FuzzRequest {
  const url = path + optionsQuery(random, target.dryRunOnly || random.chance(0.6));
  const form = random.below(10);
  if (form === 0)
    return { method, path: url, headers: { "content-type": "application/yaml" }, body: yamlOf(object, random) };
  const encoded = form <= 2 ? protobufOf(target, object, random) : undefined;
  if (encoded !== undefined)
    return { method, path: url, headers: { "content-type": protobufMediaType }, body: encoded };
  return { method, path: url, headers: json, body: Buffer.from(wireText(object)) };
}

const json = { "content-type": "application/json" };

function yamlOf(object: Json, random: Random): Buffer {
  const text = wireText(object);
  if (random.chance(0.3)) return Buffer.from(`${text.slice(0, -1)}, "x": &x [1], "y": [*x, *x]}`);
  try {
    return Buffer.from(stringify(JSON.parse(text)));
  } catch {
    return Buffer.from(text);
  }
}

/** undefined: an object that has no protobuf form. */
function protobufOf({ schemas, schemaName }: Target, object: Json, random: Random): Buffer | undefined {
  if (schemas === undefined || schemaName === undefined) return undefined;
  try {
    const bytes = encodeProtobuf(object, schemas, schemaName);
    for (let count = random.below(4); count > 0; count--) {
      const place = random.below(bytes.length);
      bytes[place] = random.below(256);
    }
    return random.chance(0.1) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
  } catch {
    return undefined;
  }
}

function patch(target: Target, random: Random): FuzzRequest {
  const path = `${target.path}/${seedName(target)}${target.subresources.includes("status") && random.chance(0.2) ? "/status" : ""}`;
  const kind = random.pick(["json", "merge", "strategic-merge", "apply"] as const);
  const query = optionsQuery(random, target.dryRunOnly || random.chance(0.6));
  const manager = kind === "apply" && random.chance(0.9) ? `${query === "" ? "?" : "&"}fieldManager=fuzz` : "";
  const force = kind === "apply" && random.chance(0.5) ? "&force=true" : "";
  const type = kind === "apply" ? "application/apply-patch+yaml" : `application/${kind}-patch+json`;
  const object = objectFor(target, random, seedName(target));
  const value =
    kind === "json" ? jsonPatch(object, random) : kind === "strategic-merge" ? directives(object, random) : object;
  const body = kind === "apply" && random.chance(0.3) ? yamlOf(object, random) : Buffer.from(wireText(value));
  return { method: "PATCH", path: `${path}${query}${manager}${force}`, headers: { "content-type": type }, body };
}

function pointers(value: unknown, prefix = "", found: string[] = []): string[] {
  if (typeof value !== "object" || value === null || value instanceof RawText) return found;
  for (const [key, child] of Object.entries(value)) {
    const pointer = `${prefix}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    found.push(pointer);
    pointers(child, pointer, found);
  }
  return found;
}

function jsonPatch(object: Json, random: Random): unknown {
  if (random.chance(0.05)) return oddValue(random);
  const all = pointers(object);
  const pointer = (): unknown =>
    random.chance(0.1)
      ? random.pick(["", "/", "/-", "/~", "a", "/metadata/name/x", null, 5])
      : random.pick(all) + random.pick(["", "", "/-", "/0", "/x"]);
  const operations = ["add", "remove", "replace", "move", "copy", "test", random.chance(0.1) ? oddText(random) : "add"];
  return Array.from({ length: 1 + random.below(4) }, () => ({
    op: random.pick(operations),
    path: pointer(),
    from: pointer(),
    value: random.chance(0.5) ? oddValue(random) : (object["spec"] ?? 1),
  }));
}

function directives(object: Json, random: Random): Json {
  const add = (value: unknown): void => {
    if (typeof value !== "object" || value === null || value instanceof RawText) return;
    if (!Array.isArray(value) && random.chance(0.1)) {
      const map = value as Json;
      const [key = "a"] = Object.keys(map);
      const directive = random.pick([
        "$patch",
        "$retainKeys",
        `$setElementOrder/${key}`,
        `$deleteFromPrimitiveList/${key}`,
      ]);
      map[directive] = random.chance(0.6)
        ? random.pick(["replace", "delete", "merge", [key], ["a"], [{ name: "c" }], []])
        : oddValue(random);
    }
    for (const child of Object.values(value)) add(child);
  };
  add(object);
  return object;
}

function remove(target: Target, random: Random): FuzzRequest {
  const collection = random.chance(0.2);
  const path = collection ? target.path : `${target.path}/${random.chance(0.8) ? "nothing" : seedName(target)}`;
  const options: Json = {
    apiVersion: "v1",
    kind: "DeleteOptions",
    gracePeriodSeconds: random.pick([0, 5, -1, 2n ** 63n - 1n, 1.5]),
    propagationPolicy: random.pick(["Background", "Foreground", "Orphan", "x"]),
    preconditions: { uid: "a", resourceVersion: "1" },
    // All that is there would be gone otherwise.
    dryRun: ["All"],
  };
  if (random.chance(0.5)) mutate(options, random);
  const query = `?dryRun=All&${random.chance(0.5) ? listQuery(random) : ""}`;
  if (random.chance(0.3)) return { method: "DELETE", path: path + query, headers: {} };
  // A body that does not say so itself is not for what is there.
  const safe = JSON.stringify(options["dryRun"]) === '["All"]' ? path : `${target.path}/nothing`;
  return { method: "DELETE", path: safe + query, headers: json, body: Buffer.from(wireText(options)) };
}

const parameter = (name: string, value: string): string => `${name}=${encodeURIComponent(value.toWellFormed())}`;
const oddIntegers = [
  "0",
  "1",
  "-1",
  "500",
  "99999999999999999999",
  "9223372036854775807",
  "1.5",
  "1e3",
  "x",
  "",
  " 1",
  "+1",
  "0x1",
];
const tokens = [
  "",
  "x",
  "e30",
  Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"a\\u0000"}').toString("base64url"),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":9007199254740993,"start":"a"}').toString("base64url"),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"../x"}').toString("base64url"),
  Buffer.from('{"v":"meta.k8s.io/v1","rv":1.5,"start":"a"}').toString("base64url"),
  Buffer.from("null").toString("base64url"),
  Buffer.from("[1]").toString("base64url"),
];

function listQuery(random: Random): string {
  const selectors = [
    "a=b",
    "a in (b,c)",
    "!a",
    "a>5",
    "a>99999999999999999999",
    "a in ()",
    "a=b=c",
    "(",
    "metadata.name=a",
    "spec.nodeName!=x",
    "spec.x=y",
    "metadata.name=a\\",
    ",,",
    "status.phase=Running,spec.nodeName=",
  ];
  const choices: readonly (() => string)[] = [
    () => parameter("labelSelector", random.chance(0.6) ? random.pick(selectors) : oddText(random).slice(0, 2000)),
    () => parameter("fieldSelector", random.chance(0.6) ? random.pick(selectors) : oddText(random).slice(0, 2000)),
    () => parameter("limit", random.pick(oddIntegers)),
    () => parameter("continue", random.pick(tokens)),
    () => parameter("resourceVersion", random.pick(oddIntegers)),
    () => parameter("resourceVersionMatch", random.pick(["Exact", "NotOlderThan", "", "x"])),
    () => parameter("timeoutSeconds", random.pick(["0", "-1", "x", "1.5", "99999999999999999999"])),
    () => parameter("allowWatchBookmarks", random.pick(["true", "x", ""])),
    () => parameter("sendInitialEvents", random.pick(["true", "false", "x"])),
    () => parameter("pretty", random.pick(["true", "x"])),
    () => parameter("includeObject", random.pick(["None", "Metadata", "Object", "x"])),
    () => parameter("timeout", random.pick(["5s", "-1s", "x", "99999999h", "1e9s"])),
    () => "%zz",
    () => "=&&=",
  ];
  return Array.from({ length: 1 + random.below(3) }, () => random.pick(choices)()).join("&");
}

function optionsQuery(random: Random, dryRun: boolean): string {
  const parts = dryRun ? ["dryRun=All"] : [];
  if (random.chance(0.3)) parts.push(parameter("fieldValidation", random.pick(["Strict", "Warn", "Ignore", "x", ""])));
  if (random.chance(0.1)) parts.push(parameter("fieldManager", oddText(random).slice(0, 300)));
  if (random.chance(0.03)) parts.push(parameter("dryRun", oddText(random).slice(0, 300)));
  if (random.chance(0.03)) parts.push(parameter("force", random.pick(["true", "x", ""])));
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

const accepts = [
  "application/json",
  "application/yaml",
  protobufMediaType,
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  `${protobufMediaType};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io`,
  "application/cbor",
  "text/html",
  "*/*",
  "application/*;q=0.5",
  ";;;,,,=",
  "application/json;as=Table;v=;g=",
  "",
];

function read(target: Target, random: Random): FuzzRequest {
  const names = [
    "",
    `/${seedName(target)}`,
    "/nothing",
    `/${encodeURIComponent(oddText(random).slice(0, 500).toWellFormed())}`,
  ];
  const path = target.path + random.pick(names);
  const query = random.chance(0.8) ? `?${listQuery(random)}` : "";
  return {
    method: random.pick(["GET", "GET", "GET", "HEAD"]),
    path: path + query,
    headers: { accept: random.pick(accepts) },
  };
}

const subresourceBodies: Readonly<Record<string, Json>> = {
  scale: { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "x" }, spec: { replicas: 2 } },
  eviction: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "x" }, deleteOptions: { dryRun: ["All"] } },
  binding: { apiVersion: "v1", kind: "Binding", metadata: { name: "x" }, target: { kind: "Node", name: "n" } },
  token: {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: ["a"], expirationSeconds: 3600, boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "a" } },
  },
};

function subresource(target: Target, random: Random): FuzzRequest {
  const options = target.subresources.filter(
    (name) => !["exec", "attach", "portforward", "proxy", "finalize"].includes(name),
  );
  if (options.length === 0) return read(target, random);
  const name = random.pick(options);
  const path = `${target.path}/${seedName(target)}/${name}`;
  if (name === "log") {
    const query = ["tailLines", "sinceSeconds", "limitBytes"].map((one) => parameter(one, random.pick(oddIntegers)));
    const more = [
      parameter("container", oddText(random).slice(0, 300)),
      parameter("sinceTime", oddText(random).slice(0, 300)),
    ];
    return { method: "GET", path: `${path}?${random.pick([...query, ...more, query.join("&")])}`, headers: {} };
  }
  const special = subresourceBodies[name];
  const body = special === undefined ? objectFor(target, random, seedName(target)) : structuredClone(special);
  if (special !== undefined) {
    body["metadata"] = { name: seedName(target) };
    mutate(body, random);
  }
  const method = random.pick(special === undefined ? ["PUT", "PUT", "GET", "PATCH"] : ["POST", "PUT", "GET", "PATCH"]);
  const headers = method === "PATCH" ? { "content-type": "application/merge-patch+json" } : json;
  if (method === "GET")
    return { method, path: `${path}?${listQuery(random)}`, headers: { accept: random.pick(accepts) } };
  return { method, path: path + optionsQuery(random, true), headers, body: Buffer.from(wireText(body)) };
}

const contentTypes = [
  "application/json",
  "application/yaml",
  protobufMediaType,
  "application/cbor",
  "application/merge-patch+json",
  "application/json-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/apply-patch+cbor",
  "application/json; charset=utf-16",
  "text/plain",
  "",
  ";",
  "a/b/c",
];
const garbageBodies: readonly (() => string)[] = [
  () => "",
  () => "{",
  () => "null",
  () => "[]",
  () => '"a"',
  () => "1e400",
  () => "[".repeat(200_000),
  () => '{"a":'.repeat(100_000),
  () => `${"[".repeat(10_001)}${"]".repeat(10_001)}`,
  () => `a: ${"[".repeat(20_000)}`,
  () => "- ".repeat(20_000),
  () => "a: &a [b]\nc: *d",
  () =>
    `a: &a [x,x]\n${Array.from({ length: 9 }, (_, index) => `b${index}: &b${index} [${`*${index === 0 ? "a" : `b${index - 1}`},`.repeat(9)}x]`).join("\n")}`,
  () => "k8s\u0000\u000a",
  () => "k8s\u0000\u0012\u007f",
  () => "\ufeff{}",
  () => `{"a":"${"x".repeat(100_000)}"}`,
  () => `{${Array.from({ length: 5_000 }, (_, index) => `"k${index % 7}":1`).join(",")}}`,
  () => `{"kind":{},"apiVersion":[]}`,
  () => `{"kind":"Pod","apiVersion":"v1","metadata":null}`,
  () => `{"kind":"Pod","apiVersion":"v1","metadata":[],"spec":5}`,
  () => `{"apiVersion":"a/b/c","kind":"Pod"}`,
];

function garbage(target: Target, random: Random): FuzzRequest {
  const method = random.pick(["POST", "PUT", "PATCH", "DELETE"]);
  const path = method === "POST" ? target.path : `${target.path}/${method === "DELETE" ? "nothing" : seedName(target)}`;
  const bytes = random.chance(0.3)
    ? Buffer.concat([
        Buffer.from(random.pick(["k8s\0", ""])),
        Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256))),
      ])
    : Buffer.from(random.pick(garbageBodies)());
  const headers = { "content-type": random.pick(contentTypes) };
  return { method, path: path + optionsQuery(random, true), headers, body: bytes };
}

const oddPaths = [
  "/",
  "//",
  "/api",
  "/api/",
  "/api/v1",
  "/api/v1/",
  "/api/v2",
  "/apis",
  "/apis/apps",
  "/apis/apps/v1",
  "/apis/apps/v9/deployments",
  "/api/v1/namespaces//pods",
  "/api/v1/namespaces/%2e%2e/pods",
  "/api/v1/namespaces/fuzz/pods/%00",
  "/api/v1/namespaces/fuzz/pods/a/b/c/d",
  "/api/v1/namespaces/fuzz/pods/%zz",
  "/api/v1/watch/pods?timeoutSeconds=x",
  "/openapi/v2?x",
  "/openapi/v3/",
  "/openapi/v3/apis/apps/v1?hash=x",
  "/openapi/v3/apis/nothing/v1",
  "/version?x=%",
  "/healthz/x",
  "/readyz?verbose&exclude=%00",
  "/livez/ping",
  "/metrics?x",
  "/logs/x",
  "/debug/pprof",
  "/.well-known/openid-configuration",
  "/openid/v1/jwks",
  "/apis/metrics.k8s.io/v1beta1/nodes/x",
  "/apis/metrics.k8s.io/v1beta1/namespaces/fuzz/pods?labelSelector=(",
  "/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=x",
];

function oddCall(target: Target, random: Random): FuzzRequest {
  const method = random.pick([
    "GET",
    "HEAD",
    "OPTIONS",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "PROPFIND",
    "PURGE",
  ]);
  const path = random.chance(0.7)
    ? random.pick(oddPaths)
    : `${target.path}${method === "DELETE" || random.chance(0.5) ? "/nothing" : ""}`;
  const headers: Record<string, string> = { accept: random.pick(accepts) };
  if (random.chance(0.3)) headers["if-match"] = random.pick(["x", '"1"', "*"]);
  if (random.chance(0.3)) headers["if-none-match"] = random.pick(["x", '"1"', "*"]);
  if (random.chance(0.2)) headers["accept-encoding"] = random.pick(["gzip", "x", "gzip;q=0", ""]);
  if (random.chance(0.1))
    headers["impersonate-user"] = random.pick(["", "a", "system:serviceaccount:a", "é"].slice(0, 3));
  if (random.chance(0.1)) headers["impersonate-group"] = "g";
  if (random.chance(0.1))
    headers["authorization"] = random.pick(["", "Bearer", "Bearer x.y.z", "Basic !", "Bearer e30.e30.e30"]);
  if (random.chance(0.1)) headers["content-length"] = "0";
  const withBody = ["POST", "PUT", "PATCH"].includes(method) && random.chance(0.5);
  return { method, path, headers, ...(withBody ? { body: Buffer.from("{}") } : {}) };
}
