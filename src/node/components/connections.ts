/**
 * The process's connections to the API server: one client and one set of informers for each identity, made on first use
 * and shared by the components that act under it. A component that is restarted finds its caches warm. As in upstream's
 * controller manager, who writes under an identity of its own may read from the informers of another.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "../../client/client.ts";
import { createInformers } from "../../client/informers.ts";
import type { Client, Informers } from "../../client/types.ts";
import type { CertificateSource } from "../../lib/certificate-source.ts";
import { agentCertificate, controlPlaneCertificate } from "../certificates/node-certificates.ts";
import { type NodeConfig, nodePaths } from "../config.ts";
import { apiServerReady } from "./readiness.ts";

export interface Connection {
  readonly client: Client;
  readonly informers: Informers;
}

/** Name of the certificate in the seed's `pki`. */
export type Identity = "controller-manager" | "scheduler" | "kubelet-client" | "kube-proxy";

const connections = new Map<Identity, Promise<Connection>>();

/** A file of the seed's `pki`, PEM. */
export function readPki(name: string): Promise<string> {
  return readFile(join(nodePaths.seed, "pki", name), "utf8");
}

function certificateOf(identity: Identity, config: NodeConfig): Promise<CertificateSource> {
  if (identity === "controller-manager" || identity === "scheduler") return controlPlaneCertificate(identity);
  return agentCertificate(identity, async (other) => (await connectAs(other, config)).client);
}

/** What the kubelet's server shows. */
export function kubeletServingCertificate(config: NodeConfig): Promise<CertificateSource> {
  return agentCertificate("kubelet", async (identity) => (await connectAs(identity, config)).client);
}

export function connectAs(identity: Identity, config: NodeConfig): Promise<Connection> {
  const known = connections.get(identity) ?? connect(identity, config);
  connections.set(identity, known);
  return known;
}

async function connect(identity: Identity, config: NodeConfig): Promise<Connection> {
  const [ca, certificate] = await Promise.all([readPki("ca.crt"), certificateOf(identity, config)]);
  const { address, port } = config.controlPlane;
  const server = `https://${address}:${port}`;
  await apiServerReady({ server, ca, certificate });
  const client = createClient({ server, ca, certificate, userAgent: `mini/${identity}` });
  // Informers last as long as the process: a component that ends only unsubscribes.
  return { client, informers: createInformers(client, new AbortController().signal) };
}
