/** `--extra-config component.key=value`. */
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
