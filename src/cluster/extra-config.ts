/** `--extra-config component.key=value`. */
import { readFileIfPresent } from "../lib/atomic-file.ts";
import { parseAuditPolicy } from "../machinery/audit/policy.ts";
import { parseYaml } from "../machinery/codec/yaml.ts";
import { MiniError } from "./errors.ts";
import type { ExtraConfig } from "./profile.ts";

const components = ["apiserver", "controller-manager", "scheduler", "kubelet", "proxy", "store"];

/** Throws MK_USAGE for what has no component, key and value. */
export function parseExtraConfig(values: readonly string[]): ExtraConfig {
  const config: Record<string, Record<string, string>> = {};
  for (const value of values) {
    const [, component = "", key = "", setting = ""] = value.match(/^([a-z-]+)\.([A-Za-z0-9.-]+)=(.*)$/) ?? [];
    if (!components.includes(component)) {
      const message = `--extra-config: "${value}" is not component.key=value with one of ${components.join(", ")}`;
      throw new MiniError("MK_USAGE", message, { advice: "--extra-config=kubelet.max-pods=50" });
    }
    config[component] = { ...config[component], [key]: setting };
  }
  return config;
}

/**
 * The text of apiserver.audit-policy-file where this machine has that file; otherwise it is one of the node. Throws
 * MK_USAGE where it is no policy, since the API server would not start with it.
 */
export async function readAuditPolicy(config: ExtraConfig): Promise<string | undefined> {
  const path = config["apiserver"]?.["audit-policy-file"];
  const text = path === undefined ? undefined : await readFileIfPresent(path);
  if (text === undefined) return undefined;
  try {
    parseAuditPolicy((await parseYaml(Buffer.from(text))).value);
    return text;
  } catch (cause) {
    const message = `--extra-config: ${path} is no audit policy: ${(cause as Error).message}`;
    throw new MiniError("MK_USAGE", message, { advice: "apiVersion: audit.k8s.io/v1, kind: Policy, rules", cause });
  }
}
