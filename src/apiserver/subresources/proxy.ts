/** pods, services and nodes/NAME/proxy: HTTP through the API server. */
import type { Pod, Service } from "../../kinds/generated/core-v1.ts";
import type { Endpoint } from "../../kinds/generated/discovery-v1.ts";
import { isGlobalUnicast } from "../../kinds/ip-class.ts";
import { cleanPath, encodePath, pathParts } from "../../lib/request-target.ts";
import { badRequest, notFound, serviceUnavailable } from "../../machinery/errors/status-error.ts";
import { readyEndpoint } from "../service-address.ts";
import { type ProxyTarget, proxyRequest, proxyUpgrade } from "../streaming/http-proxy.ts";
import type { KubeletConnections } from "../streaming/kubelet-connection.ts";
import type { ObjectReader, SubresourceHandler, SubresourceRequest } from "../types.ts";

interface ProxyName {
  readonly scheme: "http" | "https";
  readonly name: string;
  /** Number or name; empty where none is given. */
  readonly port: string;
}

/** `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. */
function parseProxyName(id: string, what: string): ProxyName {
  const parts = id.split(":");
  const [scheme = "", name = "", port = ""] = parts.length === 3 ? parts : ["", ...parts];
  if (parts.length > 3 || name === "" || !["", "http", "https"].includes(scheme)) {
    throw badRequest(`invalid ${what} request ${JSON.stringify(id)}`);
  }
  return { scheme: scheme === "https" ? "https" : "http", name, port };
}

function portNumber(port: string): number {
  if (/^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536) return Number(port);
  throw serviceUnavailable(`error trying to reach service: dial tcp: lookup tcp/${port}: unknown port`);
}

type Backend = Pick<ProxyTarget, "scheme" | "host" | "port" | "agent" | "servername">;
type Locate = (request: SubresourceRequest) => Backend;

export function proxyHandlers(kubelets: KubeletConnections): SubresourceHandler[] {
  const handlerOf = (plural: string, locate: Locate): SubresourceHandler => ({
    group: "",
    plural,
    subresource: "proxy",
    async stream(request, response) {
      const { path, search, subpath } = request.info;
      if (subpath === "" && !path.endsWith("/") && ["GET", "HEAD"].includes(request.request.method ?? "")) {
        const write = response as { writeHead(code: number, headers: Record<string, string>): unknown };
        write.writeHead(301, { location: `${encodePath(path)}/${search}` });
        response.end();
        return;
      }
      await proxyRequest(targetOf(request, locate), request.request, response);
    },
    upgrade: (request, socket, head) => proxyUpgrade(targetOf(request, locate), request.request, socket, head),
  });
  return [
    handlerOf("pods", podBackend),
    handlerOf("services", serviceBackend),
    handlerOf("nodes", (request) => nodeBackend(request, kubelets)),
  ];
}

/**
 * What follows `proxy` in the path that was authorized, cleaned as upstream does; it never leads above where it starts.
 */
function targetOf(request: SubresourceRequest, locate: Locate): ProxyTarget {
  const { path, search, subpath } = request.info;
  const parts = pathParts(path);
  const below = subpath === "" ? 0 : subpath.split("/").length - (subpath.endsWith("/") ? 1 : 0);
  const prefix = parts.slice(0, parts.length - below);
  return {
    ...locate(request),
    prefix: encodePath(`/${prefix.join("/")}`),
    path: encodePath(cleanPath(`/${subpath}`)) + search,
  };
}

function podBackend({ reader, info }: SubresourceRequest): Backend {
  const { scheme, name, port } = parseProxyName(info.name, "pod");
  const pod = reader.get<Pod>("", "pods", info.namespace, name);
  if (pod === undefined) throw notFound({ group: "", plural: "pods" }, name);
  const declared = pod.spec?.containers.flatMap((container) => container.ports ?? [])[0]?.containerPort;
  const host = pod.status?.podIP ?? "";
  // Dialling checks the address, but takes names too.
  if (!isGlobalUnicast(host)) throw badRequest("address not allowed");
  return { scheme, host, port: port === "" ? (declared ?? 0) : portNumber(port) };
}

function serviceBackend({ reader, info }: SubresourceRequest): Backend {
  const { scheme, name, port } = parseProxyName(info.name, "service");
  const service = reader.get<Service>("", "services", info.namespace, name);
  if (service === undefined) throw notFound({ group: "", plural: "services" }, name);
  let portName = port;
  if (/^\d+$/.test(port)) {
    const found = service.spec?.ports?.find((one) => one.port === Number(port));
    if (found === undefined)
      throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
    portName = found.name ?? "";
  }
  const { namespace } = info;
  const endpoint = readyEndpoint(reader, { namespace, name }, portName, isPodAddress(reader, namespace));
  if (endpoint === undefined) {
    throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(info.name)}`);
  }
  return { scheme, ...endpoint };
}

/** Whoever writes endpoints must not lead the API server to what is no pod of theirs. */
const isPodAddress =
  (reader: ObjectReader, namespace: string) =>
  ({ targetRef }: Endpoint, address: string): boolean => {
    if (targetRef?.kind !== "Pod" || targetRef.namespace !== namespace) return false;
    const pod = reader.get<Pod>("", "pods", namespace, targetRef.name ?? "");
    return pod?.status?.podIPs?.some(({ ip }) => ip === address) === true;
  };

function nodeBackend({ reader, info }: SubresourceRequest, kubelets: KubeletConnections): Backend {
  const { scheme, name, port } = parseProxyName(info.name, "node");
  const kubelet = kubelets.addressOf(reader, name);
  if (port === "" || Number(port) === kubelet.port) return { scheme: "https", ...kubelet, agent: kubelets.agent };
  return { scheme, host: kubelet.host, port: portNumber(port) };
}
