/** The environment of a container: envFrom, env with its sources, `$(NAME)` expansion, and the services' variables. */
import type { ConfigMap, Container, EnvVarSource, Pod, Secret } from "../../kinds/generated/core-v1.ts";
import { isNotFound } from "../../machinery/errors/status-error.ts";
import { checkTogether, expand } from "./expansion.ts";
import { type FieldContext, fieldValue, resourceFieldValue } from "./field-values.ts";

/** Where the values of environment variables and volumes come from. Both throw StatusError (404: NotFound). */
export interface ConfigSource {
  configMap(namespace: string, name: string): Promise<ConfigMap>;
  secret(namespace: string, name: string): Promise<Secret>;
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly source: ConfigSource;
  readonly services: ReadonlyMap<string, string>;
  readonly fields: FieldContext;
  /** Reads a `KEY=value` file of a volume, for fileKeyRef. */
  readFile(volume: string, path: string): Promise<string>;
}

/** Throws an Error whose message a user can act on; it becomes the message of CreateContainerConfigError. */
export async function makeEnvironment(input: EnvironmentInput): Promise<Map<string, string>> {
  const { container, services } = input;
  const lookup = createLookup(input);
  const result = new Map<string, string>();
  for (const { configMapRef, secretRef, prefix = "" } of container.envFrom ?? []) {
    const ref = configMapRef ?? secretRef;
    if (ref === undefined) continue;
    const values = await lookup(configMapRef === undefined ? "secret" : "configMap", ref.name ?? "", ref.optional);
    for (const [key, value] of values ?? []) result.set(prefix + key, value);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (value) {
      result.set(
        name,
        expand(value, (key) => result.get(key) ?? services.get(key)),
      );
    } else if (valueFrom === undefined) result.set(name, "");
    else {
      const found = await sourceValue(valueFrom, input, lookup);
      if (found !== undefined) result.set(name, found);
    }
  }
  for (const [name, value] of services) if (!result.has(name)) result.set(name, value);
  checkTogether(result.values());
  return result;
}

type Lookup = (
  kind: "configMap" | "secret",
  name: string,
  optional: boolean | undefined,
) => Promise<Map<string, string> | undefined>;

/** Each object is read once a container; undefined: it is not there and need not be. */
function createLookup({ pod, source }: EnvironmentInput): Lookup {
  const namespace = pod.metadata?.namespace ?? "";
  const cache = new Map<string, Map<string, string>>();
  return async (kind, name, optional) => {
    const key = `${kind}/${name}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    try {
      const object =
        kind === "configMap"
          ? ((await source.configMap(namespace, name)).data ?? {})
          : decodeSecret(await source.secret(namespace, name));
      const values = new Map(Object.entries(object));
      cache.set(key, values);
      return values;
    } catch (error) {
      if (optional === true && isNotFound(error)) return undefined;
      throw error;
    }
  };
}

function decodeSecret({ data = {} }: Secret): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
}

async function sourceValue(from: EnvVarSource, input: EnvironmentInput, lookup: Lookup): Promise<string | undefined> {
  const { pod, container, fields } = input;
  if (from.fieldRef !== undefined) return fieldValue(from.fieldRef, pod, fields);
  if (from.resourceFieldRef !== undefined) return resourceFieldValue(from.resourceFieldRef, pod, container, fields);
  if (from.fileKeyRef !== undefined) {
    const { volumeName, path, key, optional } = from.fileKeyRef;
    const value = parseEnvironmentFile(await input.readFile(volumeName, path)).get(key);
    if (value === undefined && optional !== true) {
      throw new Error(`environment variable key "${key}" not found in file "${path}"`);
    }
    return value;
  }
  const kind = from.configMapKeyRef === undefined ? "secret" : "configMap";
  const ref = from.configMapKeyRef ?? from.secretKeyRef;
  if (ref === undefined) return "";
  const values = await lookup(kind, ref.name ?? "", ref.optional);
  const value = values?.get(ref.key);
  if (value === undefined && ref.optional !== true) {
    const type = kind === "configMap" ? "ConfigMap" : "Secret";
    throw new Error(`couldn't find key ${ref.key} in ${type} ${pod.metadata?.namespace ?? ""}/${ref.name ?? ""}`);
  }
  return value;
}

function parseEnvironmentFile(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\s*([A-Za-z_][\w.-]*)=(.*)$/.exec(line);
    if (match === null) continue;
    values.set(match[1] as string, (match[2] as string).trim().replace(/^(['"])(.*)\1$/, "$2"));
  }
  return values;
}
