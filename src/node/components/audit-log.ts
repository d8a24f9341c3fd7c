/**
 * The audit log of a node's API server: what upstream's flags of kube-apiserver say, given as
 * `--extra-config=apiserver.audit-…`, on by default with limits of its own.
 */
import { readFile } from "node:fs/promises";
import { defaultAuditPolicy } from "../../apiserver/audit/default-policy.ts";
import { openLogFile } from "../../apiserver/audit/log-file.ts";
import type { ApiServerOptions } from "../../apiserver/server.ts";
import { createLogger } from "../../lib/log.ts";
import { type AuditPolicy, parseAuditPolicy } from "../../machinery/audit/policy.ts";
import { parseYaml } from "../../machinery/codec/yaml.ts";
import { type NodeConfig, nodePaths } from "../config.ts";

export interface AuditLog extends NonNullable<ApiServerOptions["audit"]> {
  close(): Promise<void>;
}

/** 100 MB in all. */
const defaults = { maxsize: 20, maxbackup: 4, maxage: 0 };
const megabyte = 1024 * 1024;
const dayMs = 86_400_000;

/** Undefined: switched off, by an empty path. Rejects where a setting or the policy cannot be used. */
export async function openAuditLog({ extraConfig, auditPolicy }: NodeConfig): Promise<AuditLog | undefined> {
  const flags = extraConfig["apiserver"] ?? {};
  const path = flags["audit-log-path"] ?? nodePaths.auditLog;
  if (path === "") return undefined;
  if ((flags["audit-log-format"] ?? "json") !== "json") throw new Error("audit-log-format: only json is there");
  const policy = await readPolicy(flags["audit-policy-file"], auditPolicy);
  if (path === "-") {
    return { policy, write: (line) => void process.stdout.write(`${line}\n`), close: () => Promise.resolve() };
  }
  const file = await openLogFile(
    {
      path,
      maximumBytes: numberOf(flags, "maxsize") * megabyte,
      maximumBackups: numberOf(flags, "maxbackup"),
      maximumAgeMs: numberOf(flags, "maxage") * dayMs,
    },
    createLogger("audit"),
  );
  return { policy, write: (line) => file.write(line), close: () => file.close() };
}

/** The launcher sends along what it has read on the host; otherwise the file is one of the node. */
async function readPolicy(path: string | undefined, sent: string | undefined): Promise<AuditPolicy> {
  if (path === undefined) return defaultAuditPolicy;
  const { value } = await parseYaml(sent === undefined ? await readFile(path) : Buffer.from(sent));
  try {
    return parseAuditPolicy(value);
  } catch (cause) {
    throw new Error(`audit policy ${path}: ${(cause as Error).message}`, { cause });
  }
}

function numberOf(flags: Readonly<Record<string, string>>, name: keyof typeof defaults): number {
  const flag = `audit-log-${name}`;
  const text = flags[flag] ?? String(defaults[name]);
  if (!/^\d{1,6}$/.test(text)) throw new Error(`${flag}: ${JSON.stringify(text)} is not a whole number`);
  return Number(text);
}
