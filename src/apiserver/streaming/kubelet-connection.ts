/**
 * How the API server reaches kubelets: HTTPS to a node's address with the client certificate that kubelets trust,
 * verified with the cluster's CA, and to be the node's. A node reports its own address, and may report another node's, or
 * the API server's own, which would take what comes with that certificate for an administrator's.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { type Agent, request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import type { PeerCertificate } from "node:tls";
import type { Node } from "../../kinds/generated/core-v1.ts";
import type { CertificateSource } from "../../lib/certificate-source.ts";
import { CertifiedAgent } from "../../lib/certified-agent.ts";
import { badRequest, internalError, notFound, StatusError } from "../../machinery/errors/status-error.ts";
import { nodesGroup, nodeUserPrefix } from "../authentication/user.ts";
import type { ObjectReader } from "../types.ts";
import { withDialTimeout } from "./dial-timeout.ts";
import { metClosedConnection, ownConnections } from "./idle-connection.ts";
import { dialOptions } from "./proxyable-address.ts";

export interface KubeletTlsOptions {
  /** PEM. */
  readonly ca: string;
  readonly client: CertificateSource;
}

export interface KubeletAddress {
  readonly host: string;
  readonly port: number;
  /** The node, whose name the kubelet's certificate has, and under which connections are kept. */
  readonly servername: string;
}

/** A connection that the other side agreed to upgrade. */
export interface Upgraded {
  readonly response: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

export interface KubeletRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly signal?: AbortSignal;
}

const defaultPort = 10250;
const preferredAddresses = ["InternalIP", "InternalDNS", "Hostname", "ExternalIP", "ExternalDNS"];

export class KubeletConnections {
  readonly #agent: Agent;

  constructor({ ca, client }: KubeletTlsOptions) {
    this.#agent = new CertifiedAgent(client, {
      ca,
      keepAlive: true,
      maxFreeSockets: 4,
      checkServerIdentity: checkKubelet,
    });
  }

  /** Throws StatusError where the node is unknown or has no address. */
  addressOf(reader: ObjectReader, nodeName: string): KubeletAddress {
    const node = reader.get<Node>("", "nodes", "", nodeName);
    if (node === undefined) throw notFound({ group: "", plural: "nodes" }, nodeName);
    const addresses = node.status?.addresses ?? [];
    for (const wanted of preferredAddresses) {
      const found = addresses.find(({ type, address }) => type === wanted && address !== "");
      if (found !== undefined) {
        const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? defaultPort;
        return { host: found.address, port, servername: nodeName };
      }
    }
    throw badRequest(`no preferred addresses found; known addresses: []`);
  }

  /**
   * A plain request, ended without a body; resolves with the answer whatever its code. Rejects with StatusError 500, or 400
   * where the node's address is none to be led to.
   */
  get(address: KubeletAddress, options: KubeletRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = withDialTimeout(
        httpsRequest({ ...address, ...dialOptions(address.host), ...options, agent: this.#agent }, resolve),
      );
      request.on("error", (cause) => {
        if (metClosedConnection(request, cause)) resolve(this.get(address, options));
        else reject(dialError(address, options, cause));
      });
      request.end();
    });
  }

  /** The agent, for proxying whole requests to kubelets. */
  get agent(): Agent {
    return this.#agent;
  }

  /** Asks for an upgrade. Resolves with the answer where it is refused. Rejects with StatusError 500. */
  upgrade(address: KubeletAddress, options: KubeletRequest): Promise<Upgraded | IncomingMessage> {
    return new Promise((resolve, reject) => {
      const agent = ownConnections("https", this.#agent);
      const request = withDialTimeout(httpsRequest({ ...address, ...dialOptions(address.host), ...options, agent }));
      request.on("error", (cause) => reject(dialError(address, options, cause)));
      request.on("upgrade", (response, socket, head) => {
        // Whoever takes the connection over listens too; until then nobody would, and an error would end the process.
        socket.on("error", () => socket.destroy());
        resolve({ response, socket, head });
      });
      request.on("response", resolve);
      request.end();
    });
  }
}

function checkKubelet(nodeName: string, { subject }: PeerCertificate): Error | undefined {
  const [names, groups] = [subject.CN, subject.O].map((value) => [value].flat());
  if (names?.[0] === nodeUserPrefix + nodeName && groups?.includes(nodesGroup)) return undefined;
  return new Error(`tls: failed to verify certificate: it is not that of the kubelet of node ${nodeName}`);
}

function dialError({ host, port }: KubeletAddress, { method, path }: KubeletRequest, cause: Error): Error {
  if (cause instanceof StatusError) return cause;
  const verb = method.slice(0, 1) + method.slice(1).toLowerCase();
  const message = `${verb} "https://${host}:${port}${path}": ${cause.message || String(cause)}`;
  return internalError(new Error(message, { cause }));
}
