/** The files of ConfigMap, Secret, downward API and projected volumes. */
import type {
  ClusterTrustBundleProjection,
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  ProjectedVolumeSource,
  Secret,
  ServiceAccountTokenProjection,
  Volume,
} from "../../kinds/generated/core-v1.ts";
import { StatusError } from "../../machinery/errors/status-error.ts";
import type { ConfigSource } from "../pods/environment.ts";
import { type FieldContext, fieldValue, resourceFieldValue } from "../pods/field-values.ts";
import type { VolumeFile } from "./atomic-writer.ts";

export interface ContentsInput {
  readonly pod: Pod;
  readonly source: ConfigSource;
  readonly fields: FieldContext;
  token(projection: ServiceAccountTokenProjection): Promise<string>;
}

type Files = Map<string, VolumeFile>;

const defaultMode = 0o644;

/** Undefined: a volume of another type. Throws an Error for the event FailedMount. */
export async function volumeContents(volume: Volume, input: ContentsInput): Promise<Files | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap !== undefined) {
    const mode = configMap.defaultMode ?? defaultMode;
    return configMapFiles(configMap.name ?? "", configMap.items, configMap.optional === true, mode, input);
  }
  if (secret !== undefined) {
    const mode = secret.defaultMode ?? defaultMode;
    return secretFiles(secret.secretName ?? "", secret.items, secret.optional === true, mode, input);
  }
  if (downwardAPI !== undefined) {
    return downwardFiles(downwardAPI.items ?? [], downwardAPI.defaultMode ?? defaultMode, input);
  }
  return projected === undefined ? undefined : projectedFiles(projected, input);
}

async function orOptional<T>(what: string, optional: boolean, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 404) throw error;
    if (optional) return undefined;
    throw new Error(`${what} not found`, { cause: error });
  }
}

async function configMapFiles(
  name: string,
  items: readonly KeyToPath[] | undefined,
  optional: boolean,
  mode: number,
  { pod, source }: ContentsInput,
): Promise<Files> {
  const namespace = pod.metadata?.namespace ?? "";
  const found = await orOptional(`configmap "${name}"`, optional, () => source.configMap(namespace, name));
  return select(configMapData(found), items, optional, mode, "references non-existent config key");
}

function configMapData(configMap: ConfigMap | undefined): Map<string, Buffer> {
  return new Map([
    ...Object.entries(configMap?.data ?? {}).map(([key, text]) => [key, Buffer.from(text)] as const),
    ...Object.entries(configMap?.binaryData ?? {}).map(([key, text]) => [key, Buffer.from(text, "base64")] as const),
  ]);
}

async function secretFiles(
  name: string,
  items: readonly KeyToPath[] | undefined,
  optional: boolean,
  mode: number,
  { pod, source }: ContentsInput,
): Promise<Files> {
  const namespace = pod.metadata?.namespace ?? "";
  const found: Secret | undefined = await orOptional(`secret "${name}"`, optional, () =>
    source.secret(namespace, name),
  );
  const data = new Map(Object.entries(found?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, "base64")]));
  return select(data, items, optional, mode, "references non-existent secret key");
}

function select(
  data: ReadonlyMap<string, Buffer>,
  items: readonly KeyToPath[] | undefined,
  optional: boolean,
  mode: number,
  missing: string,
): Files {
  if (items === undefined || items.length === 0)
    return new Map([...data].map(([key, bytes]) => [key, { data: bytes, mode }]));
  const files: Files = new Map();
  for (const item of items) {
    const bytes = data.get(item.key);
    if (bytes !== undefined) files.set(item.path, { data: bytes, mode: item.mode ?? mode });
    else if (!optional) throw new Error(`${missing}: ${item.key}`);
  }
  return files;
}

function downwardFiles(items: readonly DownwardAPIVolumeFile[], mode: number, { pod, fields }: ContentsInput): Files {
  const files: Files = new Map();
  for (const { path, fieldRef, resourceFieldRef, mode: own } of items) {
    const text =
      fieldRef !== undefined
        ? fieldValue(fieldRef, pod, fields)
        : resourceFieldRef === undefined
          ? ""
          : resourceFieldValue(resourceFieldRef, pod, undefined, fields);
    files.set(path, { data: Buffer.from(text), mode: own ?? mode });
  }
  return files;
}

/** The user that all containers of the pod run as, if it is one. */
function commonUser(pod: Pod): number | undefined {
  const { containers = [], initContainers = [], securityContext } = pod.spec ?? {};
  const users = new Set(
    [...containers, ...initContainers].map(
      (container) => container.securityContext?.runAsUser ?? securityContext?.runAsUser,
    ),
  );
  return users.size === 1 ? [...users][0] : undefined;
}

async function projectedFiles({ sources = [], defaultMode: own }: ProjectedVolumeSource, input: ContentsInput) {
  const mode = own ?? defaultMode;
  const files: Files = new Map();
  const add = (more: Files): void => {
    for (const [path, file] of more) files.set(path, file);
  };
  for (const source of sources) {
    const { configMap, secret, downwardAPI, serviceAccountToken } = source;
    if (configMap !== undefined) {
      add(await configMapFiles(configMap.name ?? "", configMap.items, configMap.optional === true, mode, input));
    } else if (secret !== undefined) {
      add(await secretFiles(secret.name ?? "", secret.items, secret.optional === true, mode, input));
    } else if (downwardAPI !== undefined) add(downwardFiles(downwardAPI.items ?? [], mode, input));
    else if (serviceAccountToken !== undefined) {
      const owner = commonUser(input.pod);
      const restricted = owner !== undefined || input.pod.spec?.securityContext?.fsGroup !== undefined;
      const data = Buffer.from(await input.token(serviceAccountToken));
      files.set(serviceAccountToken.path, { data, mode: restricted ? 0o600 : mode, owner });
    } else rejectProjection(source.clusterTrustBundle);
  }
  return files;
}

function rejectProjection(bundle: ClusterTrustBundleProjection | undefined): never {
  throw new Error(
    bundle === undefined
      ? "this kind of projected volume source is not supported by this node"
      : "ClusterTrustBundle projection is not supported by this node",
  );
}
