/**
 * Writes src/kubelet/cri/generated from two published descriptions: {descriptor.json,messages.ts} from the Container
 * Runtime Interface, containerd-{descriptor.json,messages.ts} from containerd's own services. Kept are the messages that
 * the methods below reach, names in camelCase, numbers unchanged, no comments.
 *
 * Usage: node scripts/generate-cri.ts [--check]     `--check` fails when the files differ
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import protobuf from "protobufjs";
import { moduleFolder } from "./published-modules.ts";

/** Full name of a service to the methods that are called. */
type Methods = Record<string, readonly string[]>;

const runtimeMethods: Methods = {
  "runtime.v1.RuntimeService": [
    "Version",
    "RunPodSandbox",
    "StopPodSandbox",
    "RemovePodSandbox",
    "PodSandboxStatus",
    "ListPodSandbox",
    "CreateContainer",
    "StartContainer",
    "StopContainer",
    "RemoveContainer",
    "ListContainers",
    "ContainerStatus",
    "UpdateContainerResources",
    "ReopenContainerLog",
    "ExecSync",
    "Exec",
    "Attach",
    "PortForward",
    "ContainerStats",
    "ListContainerStats",
    "UpdateRuntimeConfig",
    "Status",
    "GetContainerEvents",
  ],
  "runtime.v1.ImageService": ["ListImages", "ImageStatus", "PullImage", "RemoveImage", "ImageFsInfo"],
};

const containerdMethods: Methods = {
  "containerd.services.snapshots.v1.Snapshots": ["View", "Mounts", "Remove"],
  "containerd.services.leases.v1.Leases": ["Create", "Delete"],
};

const folder = join(import.meta.dirname, "../src/kubelet/cri/generated");
const scalars: Record<string, string> = { string: "string", bool: "boolean", bytes: "Uint8Array" };
const camel = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** Fields kept: those of Windows nodes are left out. */
const fieldsOf = (type: protobuf.Type): protobuf.Field[] =>
  type.fieldsArray.filter((field) => !field.type.startsWith("Windows"));

type Reached = Map<string, protobuf.Type | protobuf.Enum>;

function visit(type: protobuf.Type, reached: Reached): void {
  const known = reached.get(type.name);
  if (known !== undefined && known !== type) throw new Error(`two messages are called ${type.name}`);
  if (known !== undefined) return;
  reached.set(type.name, type);
  for (const field of fieldsOf(type)) {
    field.resolve();
    if (field.resolvedType instanceof protobuf.Type) visit(field.resolvedType, reached);
    else if (field.resolvedType !== null) reached.set(field.resolvedType.name, field.resolvedType);
  }
}

function describeFields(type: protobuf.Type): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const field of fieldsOf(type)) {
    fields[camel(field.name)] = {
      ...(field instanceof protobuf.MapField ? { keyType: field.keyType } : field.repeated ? { rule: "repeated" } : {}),
      type: field.type,
      id: field.id,
    };
  }
  return fields;
}

function typeScript(type: protobuf.Type | protobuf.Enum): string {
  if (type instanceof protobuf.Enum) {
    const names = Object.keys(type.values).map((value) => JSON.stringify(value));
    return `\nexport type ${type.name} = ${names.join(" | ")};\n`;
  }
  if (type.fieldsArray.length === 0) return `\nexport type ${type.name} = Record<string, never>;\n`;
  const lines = fieldsOf(type).map((field) => {
    const value = field.resolvedType?.name ?? scalars[field.type] ?? "number";
    const map = field instanceof protobuf.MapField;
    const shown = map ? `Record<string, ${value}>` : field.repeated ? `${value}[]` : value;
    return `  ${camel(field.name)}?: ${shown} | undefined;\n`;
  });
  return `\nexport interface ${type.name} {\n${lines.join("")}}\n`;
}

function describeService(root: protobuf.Root, name: string, wanted: readonly string[], reached: Reached): object {
  const service = root.lookupService(name);
  const methods: Record<string, unknown> = {};
  for (const method of wanted) {
    const rpc = service.methods[method];
    if (rpc === undefined) throw new Error(`no method ${name}.${method}`);
    const { requestType, responseType, responseStream } = rpc;
    methods[method] = { requestType, responseType, ...(responseStream ? { responseStream: true } : {}) };
    rpc.resolve();
    visit(rpc.resolvedRequestType as protobuf.Type, reached);
    visit(rpc.resolvedResponseType as protobuf.Type, reached);
  }
  return { methods };
}

/** With the types that upstream nests in messages beside them: no two have one name. */
function packageName(type: protobuf.ReflectionObject): string {
  return type.parent instanceof protobuf.Type ? packageName(type.parent) : (type.parent?.fullName ?? "");
}

/** A descriptor's tree of packages. */
interface Package {
  nested: Record<string, unknown>;
}

function packageOf(top: Package, path: readonly string[]): Package {
  return path.reduce((at, name) => {
    at.nested[name] ??= { nested: {} };
    return at.nested[name] as Package;
  }, top);
}

/** File name → contents. */
function generate(root: protobuf.Root, methods: Methods, prefix: string): [string, string][] {
  const reached: Reached = new Map();
  const services = Object.entries(methods).map(
    ([name, wanted]) => [name, describeService(root, name, wanted, reached)] as const,
  );
  const top: Package = { nested: {} };
  const put = (inPackage: string, name: string, description: object): void => {
    packageOf(top, inPackage.replace(/^\./, "").split(".")).nested[name] = description;
  };
  const types = [...reached].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, type]) => type);
  for (const type of types) {
    const description = type instanceof protobuf.Enum ? { values: type.values } : { fields: describeFields(type) };
    put(packageName(type), type.name, description);
  }
  for (const [name, service] of services) {
    const dot = name.lastIndexOf(".");
    put(name.slice(0, dot), name.slice(dot + 1), service);
  }
  const header = "// Generated by scripts/generate-cri.ts; do not edit.\n";
  return [
    [`${prefix}descriptor.json`, `${JSON.stringify(top)}\n`],
    [`${prefix}messages.ts`, header + types.map(typeScript).join("")],
  ];
}

const runtimeSource = join(moduleFolder("k8s.io/cri-api"), "pkg/apis/runtime/v1/api.proto");
const containerdSource = moduleFolder("github.com/containerd/containerd/api");

const containerd = new protobuf.Root();
for (const common of ["empty", "timestamp", "field_mask"]) {
  containerd.addJSON(protobuf.common.get(`google/protobuf/${common}.proto`)?.nested ?? {});
}
for (const file of ["types/mount", "services/snapshots/v1/snapshots", "services/leases/v1/leases"]) {
  protobuf.parse(readFileSync(join(containerdSource, `${file}.proto`), "utf8"), containerd);
}
const files = [
  ...generate(protobuf.parse(readFileSync(runtimeSource, "utf8")).root, runtimeMethods, ""),
  ...generate(containerd, containerdMethods, "containerd-"),
];
const { values: options } = parseArgs({ options: { check: { type: "boolean" } } });
if (options.check) {
  const stale = files.filter(([name, text]) => readFileSync(join(folder, name), "utf8") !== text).map(([name]) => name);
  if (stale.length > 0) {
    console.error(`Not current: ${stale.join(", ")}. Run: node scripts/generate-cri.ts`);
    process.exitCode = 1;
  }
} else {
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
}
