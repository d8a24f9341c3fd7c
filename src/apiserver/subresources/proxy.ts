/** pods, services and nodes/NAME/proxy: HTTP through the API server. */
import { isIP } from "node:net";
import type { Pod, Service } from "../../kinds/generated/core-v1.ts";
import { badRequest, notFound, serviceUnavailable } from "../../machinery/errors/status-error.ts";
import { readyEndpoint } from "../service-address.ts";
import { type ProxyTarget, proxyRequest, proxyUpgrade } from "../streaming/http-proxy.ts";
import type { KubeletConnections } from "../streaming/kubelet-connection.ts";
import type { SubresourceHandler, SubresourceRequest } from "../types.ts";

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

type Backend = Pick<ProxyTarget, "scheme" | "host" | "port" | "agent">;
type Locate = (request: SubresourceRequest) => Backend;

export function proxyHandlers(kubelets: KubeletConnections): SubresourceHandler[] {
  const handlerOf = (plural: string, locate: Locate): SubresourceHandler => ({
    group: "",
    plural,
    subresource: "proxy",
    async stream(request, response) {
      const { path } = request.info;
      if (path.endsWith("/proxy") && ["GET", "HEAD"].includes(request.request.method ?? "")) {
        const query = request.info.query.size > 0 ? `?${request.info.query}` : "";
        const write = response as { writeHead(code: number, headers: Record<string, string>): unknown };
        write.writeHead(301, { location: `${path}/${query}` });
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

/** The URL as it was sent, from the slash after `proxy` on: escapes in it are the backend's to read. */
function targetOf(request: SubresourceRequest, locate: Locate): ProxyTarget {
  const url = request.request.url ?? "";
  const end = /\/proxy(?=[/?]|$)/.exec(url);
  const prefixEnd = end === null ? url.length : end.index + end[0].length;
  const rest = url.slice(prefixEnd);
  const path = rest.startsWith("/") ? rest : `/${rest}`;
  return { ...locate(request), prefix: url.slice(0, prefixEnd), path };
}

function podBackend({ reader, info }: SubresourceRequest): Backend {
  const { scheme, name, port } = parseProxyName(info.name, "pod");
  const pod = reader.get<Pod>("", "pods", info.namespace, name);
  if (pod === undefined) throw notFound({ group: "", plural: "pods" }, name);
  const declared = pod.spec?.containers.flatMap((container) => container.ports ?? [])[0]?.containerPort;
  const host = pod.status?.podIP ?? "";
  if (isIP(host) === 0 || host.startsWith("127.") || host.startsWith("169.254."))
    throw badRequest("address not allowed");
  return { scheme, host, port: port === "" ? (declared ?? 0) : Number(port) };
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
  const endpoint = readyEndpoint(reader, { namespace: info.namespace, name }, portName);
  if (endpoint === undefined) {
    throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(info.name)}`);
  }
  return { scheme, ...endpoint };
}

function nodeBackend({ reader, info }: SubresourceRequest, kubelets: KubeletConnections): Backend {
  const { scheme, name, port } = parseProxyName(info.name, "node");
  const kubelet = kubelets.addressOf(reader, name);
  if (port === "" || Number(port) === kubelet.port) return { scheme: "https", ...kubelet, agent: kubelets.agent };
  return { scheme, host: kubelet.host, port: Number(port) };
}
