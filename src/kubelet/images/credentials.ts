/** Registry credentials from pull secrets: the longest matching entry first, as upstream's keyring. */
import type { Secret } from "../../kinds/generated/core-v1.ts";
import type { AuthConfig } from "../cri/generated/messages.ts";
import { parseImageName } from "./image-name.ts";

interface Entry {
  readonly key: string;
  readonly auth: AuthConfig;
}

/** Credentials for pulling that image, best match first. Malformed secrets are left out. */
export function credentialsFor(image: string, secrets: readonly Secret[]): AuthConfig[] {
  const { registry, repository } = parseImageName(image);
  return secrets
    .flatMap(readSecret)
    .filter(({ key }) => matches(key, registry, repository))
    .sort((a, b) => b.key.length - a.key.length)
    .map(({ auth }) => auth);
}

function readSecret({ type, data = {} }: Secret): Entry[] {
  const decode = (key: string): unknown => {
    try {
      return JSON.parse(Buffer.from(data[key] ?? "", "base64").toString());
    } catch {
      return {};
    }
  };
  const auths =
    type === "kubernetes.io/dockercfg"
      ? decode(".dockercfg")
      : ((decode(".dockerconfigjson") as { auths?: unknown } | null)?.auths ?? {});
  if (typeof auths !== "object" || auths === null) return [];
  return Object.entries(auths as Record<string, Record<string, string>>).map(([key, entry]) => ({
    key: key.replace(/^https?:\/\//, "").replace(/\/(v1|v2)\/?$/, ""),
    auth: readEntry(entry),
  }));
}

function readEntry({
  username = "",
  password = "",
  auth = "",
  identitytoken = "",
}: Record<string, string>): AuthConfig {
  if (auth !== "" && username === "") {
    const [name = "", ...rest] = Buffer.from(auth, "base64").toString().split(":");
    return { username: name, password: rest.join(":"), identityToken: identitytoken };
  }
  return { username, password, identityToken: identitytoken };
}

const dockerHub = new Set(["index.docker.io", "docker.io", "registry-1.docker.io"]);

function matches(key: string, registry: string, repository: string): boolean {
  const [host = "", ...path] = key.split("/");
  if (dockerHub.has(host) ? !dockerHub.has(registry) : !globMatches(host, registry)) return false;
  const prefix = path.join("/");
  return prefix === "" || repository === prefix || repository.startsWith(`${prefix}/`);
}

/** `*.registry.io`: a star stands for (part of) one label. */
function globMatches(glob: string, host: string): boolean {
  const globs = glob.split(".");
  const labels = host.split(".");
  if (globs.length !== labels.length) return false;
  return globs.every((part, index) => partMatches(part.split("*"), labels[index] as string));
}

/** Whether the texts stand in `label` one after the other, the first at its beginning and the last at its end. */
function partMatches([first = "", ...texts]: readonly string[], label: string): boolean {
  const last = texts.pop();
  if (last === undefined) return label === first;
  if (!label.startsWith(first)) return false;
  let position = first.length;
  for (const text of texts) {
    const found = label.indexOf(text, position);
    if (found < 0) return false;
    position = found + text.length;
  }
  return label.length - last.length >= position && label.endsWith(last);
}
