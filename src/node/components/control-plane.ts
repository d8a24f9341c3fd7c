/** Makes the components of the control-plane process from the node's configuration and seed. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createApiServer } from "../../apiserver/server.ts";
import { createEventRecorder } from "../../client/recorder.ts";
import { createControllerManager } from "../../controllers/index.ts";
import type { Component } from "../../lib/component.ts";
import { createDnsService } from "../../network/dns/dns-service.ts";
import { createScheduler } from "../../scheduler/scheduler.ts";
import { controlPlaneCertificate, createCertificateRotation } from "../certificates/node-certificates.ts";
import { type NodeConfig, nodePaths } from "../config.ts";
import { type AuditLog, openAuditLog } from "./audit-log.ts";
import { connectAs, readPki } from "./connections.ts";
import { createControlPlaneLabel } from "./control-plane-label.ts";

export async function createApiServerComponent(config: NodeConfig): Promise<Component> {
  const { address, port } = config.controlPlane;
  await mkdir(nodePaths.store, { recursive: true, mode: 0o700 });
  const ca = await readPki("ca.crt");
  const audit = await openAuditLog(config);
  const server = createApiServer({
    host: "0.0.0.0",
    port,
    tls: {
      serving: await controlPlaneCertificate("apiserver"),
      clientCa: ca,
      proxyClient: await controlPlaneCertificate("front-proxy-client"),
      requestHeader: { ca: await readPki("front-proxy-ca.crt"), allowedNames: ["front-proxy-client"] },
    },
    store: join(nodePaths.store, "state.db"),
    serviceAccount: {
      issuer: `https://kubernetes.default.svc.${config.cluster.dnsDomain}`,
      privateKey: await readPki("service-account.key"),
      publicKeys: [await readPki("service-account.pub")],
    },
    kubelet: { ca, client: await controlPlaneCertificate("apiserver-kubelet-client") },
    serviceSubnet: config.cluster.serviceSubnet,
    advertised: { address, port },
    ...(audit === undefined ? {} : { audit }),
  });
  return audit === undefined ? server : closingAfter(server, audit);
}

/** What a request that is answered has left in memory is written when the last of them is. */
function closingAfter(server: Component, audit: AuditLog): Component {
  return {
    name: server.name,
    async start(signal) {
      try {
        const { done } = await server.start(signal);
        const end = async (): Promise<void> => {
          try {
            await done;
          } finally {
            await audit.close();
          }
        };
        return { done: end() };
      } catch (error) {
        await audit.close();
        throw error;
      }
    },
  };
}

export async function createControlPlaneCertificates(): Promise<Component> {
  return createCertificateRotation("control-plane");
}

export async function createControllersComponent(config: NodeConfig): Promise<Component> {
  const { client, informers } = await connectAs("controller-manager", config);
  return createControllerManager({
    client,
    informers,
    rootCa: await readPki("ca.crt"),
    signer: {
      authority: { certificate: await readPki("ca.crt"), privateKey: await readPki("ca.key") },
      controlPlane: { nodeName: config.nodeName, address: config.controlPlane.address },
      foreignSubnets: [config.cluster.serviceSubnet, config.cluster.podSubnet],
    },
    podSubnet: config.cluster.podSubnet,
  });
}

export async function createSchedulerComponent(config: NodeConfig): Promise<Component> {
  const { client } = await connectAs("scheduler", config);
  // What both watch, all pods above all, is then held once.
  const { informers } = await connectAs("controller-manager", config);
  const recorder = createEventRecorder(client, { component: "default-scheduler" });
  return createScheduler({ client, informers, recorder });
}

export async function createDnsServiceComponent(config: NodeConfig): Promise<Component> {
  const { client, informers } = await connectAs("controller-manager", config);
  return createDnsService({ client, informers, dnsAddress: config.cluster.dnsAddress });
}

export async function createControlPlaneLabelComponent(config: NodeConfig): Promise<Component> {
  const { client, informers } = await connectAs("controller-manager", config);
  return createControlPlaneLabel(client, informers, config.nodeName);
}
