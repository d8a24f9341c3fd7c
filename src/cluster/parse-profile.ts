/**
 * A profile's config.json, field by field. What is read becomes names of folders, domains, containers and interfaces and
 * words of commands, some of them root's, so nothing is taken over unseen.
 */
import { isIPv4 } from "node:net";
import { isDriverName } from "../drivers/index.ts";
import type { ExtraConfig, Profile, ProfileNode } from "./profile.ts";
import type { Proxies } from "./proxies.ts";
import type { Registries } from "./registries.ts";

/** Throws an Error with one sentence: which field, and what it must be. */
export function parseProfile(value: unknown, name: string): Profile {
  const fields = record(value, "the file");
  if (fields["version"] !== 1) throw new Error("version must be 1");
  if (fields["name"] !== name) throw new Error(`name must be "${name}"`);
  const driver = text(fields, "driver");
  if (!isDriverName(driver)) throw new Error(`driver "${driver}" is unknown`);
  const network = record(fields["network"], "network");
  const optional = {
    ...(fields["registries"] === undefined ? {} : { registries: registries(fields["registries"]) }),
    ...(fields["proxies"] === undefined ? {} : { proxies: proxies(fields["proxies"]) }),
    ...(fields["auditPolicy"] === undefined ? {} : { auditPolicy: document(fields, "auditPolicy") }),
    ...(fields["certificateLifeMs"] === undefined ? {} : { certificateLifeMs: positive(fields, "certificateLifeMs") }),
  };
  return {
    version: 1,
    name,
    driver,
    cpus: positive(fields, "cpus"),
    memoryMiB: positive(fields, "memoryMiB"),
    diskMiB: positive(fields, "diskMiB"),
    apiServerPort: positive(fields, "apiServerPort", 65_535),
    network: { subnet: matching(network, "subnet", isSubnet), gateway: matching(network, "gateway", isIPv4) },
    extraConfig: extraConfig(fields["extraConfig"]),
    ...optional,
    embedCerts: flag(fields, "embedCerts"),
    nodes: nodes(fields["nodes"], name),
    createdAt: matching(fields, "createdAt", (date) => !Number.isNaN(Date.parse(date))),
  } satisfies Required<Omit<Profile, keyof typeof optional>>;
}

function nodes(value: unknown, profile: string): ProfileNode[] {
  if (!Array.isArray(value) || value.length === 0) throw new Error("nodes must be a list with a control plane");
  const all = value.map((each, index) => node(record(each, "a node"), profile, index));
  if (new Set(all.map(({ name }) => name)).size < all.length) throw new Error("two nodes have one name");
  return all;
}

function node(fields: Record<string, unknown>, profile: string, index: number): ProfileNode {
  const name = text(fields, "name");
  const expected =
    index === 0 ? name === profile : name.startsWith(`${profile}-m`) && /^\d{2,}$/.test(name.slice(profile.length + 2));
  if (!expected) throw new Error(`"${name}" is not the name of a node of "${profile}"`);
  const role = index === 0 ? "control-plane" : "worker";
  if (fields["role"] !== role) throw new Error(`the role of ${name} must be ${role}`);
  const own = {
    name,
    role,
    address: matching(fields, "address", isIPv4),
    macAddress: matching(fields, "macAddress", (address) => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(address)),
  } as const;
  if (fields["hostName"] === undefined) return own;
  const hostName = matching(fields, "hostName", (host) => /^[a-z0-9_][\w-]*(\.[\w-]+)+$/i.test(host));
  if (!hostName.startsWith(`${name}.`)) throw new Error("hostName must be the name with the user's");
  return { ...own, hostName };
}

function extraConfig(value: unknown): ExtraConfig {
  const components = Object.entries(record(value, "extraConfig")).map(([component, settings]) => {
    const fields = record(settings, `extraConfig.${component}`);
    return [component, Object.fromEntries(Object.keys(fields).map((key) => [key, anyText(fields, key)]))] as const;
  });
  return Object.fromEntries(components);
}

function registries(value: unknown): Registries {
  const fields = record(value, "registries");
  return { mirrors: texts(fields, "mirrors"), insecure: texts(fields, "insecure") };
}

function proxies(value: unknown): Proxies {
  const fields = record(value, "proxies");
  return { http: anyText(fields, "http"), https: anyText(fields, "https"), except: texts(fields, "except") };
}

function isSubnet(value: string): boolean {
  const [address = "", prefix = "", ...more] = value.split("/");
  return isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32 && more.length === 0;
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${what} must be an object`);
  return value as Record<string, unknown>;
}

/** One line: what is more would be lines of its own in the files that it is written to. */
function anyText(fields: Record<string, unknown>, field: string): string {
  const value = fields[field];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (typeof value !== "string" || /[\0-\x1f\x7f]/.test(value)) throw new Error(`${field} must be a text of one line`);
  return value;
}

/** Of several lines. */
function document(fields: Record<string, unknown>, field: string): string {
  const value = fields[field];
  if (typeof value !== "string") throw new Error(`${field} must be a text`);
  return value;
}

function text(fields: Record<string, unknown>, field: string): string {
  const value = anyText(fields, field);
  if (value === "") throw new Error(`${field} must be a text`);
  return value;
}

function texts(fields: Record<string, unknown>, field: string): string[] {
  const value = fields[field];
  if (!Array.isArray(value)) throw new Error(`${field} must be a list`);
  return value.map((_, index) => text(value as unknown as Record<string, unknown>, String(index)));
}

function matching(fields: Record<string, unknown>, field: string, fits: (value: string) => boolean): string {
  const value = text(fields, field);
  if (!fits(value)) throw new Error(`${field} cannot be "${value}"`);
  return value;
}

function positive(fields: Record<string, unknown>, field: string, maximum = Number.MAX_SAFE_INTEGER): number {
  const value = fields[field];
  if (!Number.isSafeInteger(value) || Number(value) <= 0) throw new Error(`${field} must be a positive number`);
  if (Number(value) > maximum) throw new Error(`${field} must be at most ${maximum}`);
  return Number(value);
}

function flag(fields: Record<string, unknown>, field: string): boolean {
  const value = fields[field];
  if (typeof value !== "boolean") throw new Error(`${field} must be true or false`);
  return value;
}
