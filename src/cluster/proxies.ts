/**
 * The proxies of the environment that `mini start` runs in. containerd in the nodes pulls through them, kubectl goes
 * around them to the cluster. Read as Go's programs read them, since those are who uses them: both cases of a name, the
 * upper one first (golang.org/x/net/http/httpproxy).
 */
import { BlockList, isIPv4 } from "node:net";
import type { NodeConfig } from "../node/config.ts";

export type Proxies = NodeConfig["proxies"];

export const noProxies: Proxies = { http: "", https: "", except: [] };

type Environment = Readonly<Record<string, string | undefined>>;
type Setting = "HTTP_PROXY" | "HTTPS_PROXY" | "NO_PROXY";

/** Undefined where it is not set; empty where it is, to nothing. */
function setting(environment: Environment, name: Setting): string | undefined {
  return environment[name] || environment[name.toLowerCase()] || (environment[name] ?? environment[name.toLowerCase()]);
}

/**
 * What the environment sets takes the place of what a profile has, and an empty value takes it back; what it does not
 * set stays. `refused` are names of what is set to no proxy's URL, which counts as not set.
 */
export function readProxies(
  environment: Environment,
  kept: Proxies = noProxies,
): { readonly proxies: Proxies; readonly refused: readonly Setting[] } {
  const refused: Setting[] = [];
  const url = (name: "HTTP_PROXY" | "HTTPS_PROXY", unless: string): string => {
    const value = setting(environment, name)?.trim();
    if (value === undefined || value === "" || parseProxy(value) !== undefined) return value ?? unless;
    refused.push(name);
    return unless;
  };
  const http = url("HTTP_PROXY", kept.http);
  const https = url("HTTPS_PROXY", kept.https);
  const except = setting(environment, "NO_PROXY");
  return { proxies: { http, https, except: except === undefined ? kept.except : splitExceptions(except) }, refused };
}

export function usesProxy({ http, https }: Proxies): boolean {
  return http !== "" || https !== "";
}

function splitExceptions(text: string): string[] {
  return text.split(/[\s,]+/).filter((each) => each !== "");
}

/** A scheme may be left out: http. Undefined for what is no URL of a proxy. */
function parseProxy(value: string): URL | undefined {
  // A line's end would be a second variable in a node.
  if (/[\s\p{Cc}]/u.test(value)) return undefined;
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  if (url === null || url.hostname === "" || !/^(https?|socks5h?):$/.test(url.protocol)) return undefined;
  return url;
}

/** For people: a password is not shown, as in Go's URL.Redacted. */
export function redactProxy(value: string): string {
  const url = parseProxy(value);
  if (url === undefined) return value === "" ? "" : "…";
  if (url.username === "" && url.password === "") return value;
  return value.replace(/^((?:[a-z][a-z0-9+.-]*:\/\/)?)[^@/]*(?=@)/i, `$1${url.username}:xxxxx`);
}

export function redactProxies({ http, https, except }: Proxies): Proxies {
  return { http: redactProxy(http), https: redactProxy(https), except };
}

/**
 * What containerd is given. A proxy on the host's loopback is not on the node's: from there the host is the gateway.
 * What is inside the cluster is never asked of a proxy.
 */
export function nodeProxies(proxies: Proxies, { gateway }: { gateway: string }, inside: readonly string[]): Proxies {
  if (!usesProxy(proxies)) return noProxies;
  const fromNode = (value: string): string => (isOnLoopback(value) ? atHost(value, gateway) : value);
  const except = [...new Set([...proxies.except, ...inside])];
  return { http: fromNode(proxies.http), https: fromNode(proxies.https), except };
}

export function isOnLoopback(value: string): boolean {
  const host = parseProxy(value)?.hostname.replace(/^\[|\]$/g, "") ?? "";
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function atHost(value: string, gateway: string): string {
  const url = parseProxy(value);
  if (url === undefined) return value;
  // Go's default port of a proxy is that of its scheme, which URL leaves out.
  url.hostname = gateway;
  return url.href.replace(/\/$/, "");
}

/** Whether an address is among exceptions as Go reads them: addresses, ranges, names with their subdomains, `*`. */
export function isExcepted(address: string, except: readonly string[]): boolean {
  return except.some((entry) => {
    if (entry === "*") return true;
    const [base = "", prefix] = entry.replace(/:\d+$/, "").split("/");
    if (prefix === undefined || !isIPv4(base)) return base === address;
    const range = new BlockList();
    try {
      range.addSubnet(base, Number(prefix));
    } catch {
      // No range of addresses: it excepts nothing.
      return false;
    }
    return range.check(address);
  });
}

/** Lines NAME=VALUE for a program in the node; none where there is no proxy. */
export function proxyEnvironment({ http, https, except }: Proxies): string[] {
  const values = [
    ["HTTP_PROXY", http],
    ["HTTPS_PROXY", https],
    ["NO_PROXY", except.join(",")],
  ] as const;
  if (http === "" && https === "") return [];
  return values.filter(([, value]) => value !== "").map(([name, value]) => `${name}=${value}`);
}

/** What a program on the host has to have in its environment, so that it goes to `address` without a proxy. */
export function environmentAround(address: string, environment: Environment): Record<string, string> {
  const { proxies } = readProxies(environment);
  if (!usesProxy(proxies) || isExcepted(address, proxies.except)) return {};
  const value = [...proxies.except, address].join(",");
  return { NO_PROXY: value, no_proxy: value };
}
