/** `--registry-mirror` and `--insecure-registry`: where the nodes pull images from. */
import type { NodeConfig } from "../node/config.ts";
import { MiniError } from "./errors.ts";

export type Registries = NodeConfig["registries"];

export const noRegistries: Registries = { mirrors: [], insecure: [] };

const host = "(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?";
const mirror = new RegExp(`^https?://${host}(?:/[\\w./~-]*)?$`);
const registry = new RegExp(`^(?:https?://)?${host}$`);

/**
 * Values as given, each with one or several of them between commas. Undefined for a flag that is not given. Throws
 * MK_USAGE.
 */
export function parseMirrors(values: readonly string[]): readonly string[] | undefined {
  return parse(values, (value) => {
    if (mirror.test(value)) return value.replace(/\/+$/, "");
    const message = `--registry-mirror: "${value}" is not the URL of a registry`;
    throw new MiniError("MK_USAGE", message, { advice: "--registry-mirror=http://192.168.1.10:5000" });
  });
}

export function parseInsecureRegistries(values: readonly string[]): readonly string[] | undefined {
  return parse(values, (value) => {
    if (registry.test(value)) return value;
    const why = /\/\d+$/.test(value)
      ? `"${value}" is a range of addresses, which containerd does not take: name each registry`
      : `"${value}" is not the name of a registry`;
    throw new MiniError("MK_USAGE", `--insecure-registry: ${why}`, {
      advice: "--insecure-registry=registry.local:5000",
    });
  });
}

function parse(values: readonly string[], check: (value: string) => string): readonly string[] | undefined {
  if (values.length === 0) return undefined;
  const given = values.flatMap((value) => value.split(",")).map((value) => value.trim());
  // An empty value takes back what the profile has.
  return [...new Set(given.filter((value) => value !== "").map(check))];
}
