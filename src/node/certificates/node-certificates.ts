/**
 * The certificates of this process: who renews which. The control plane has the authorities' keys and makes its own
 * anew; an agent asks for its own through the API, and where that did not help until close to the end, the control plane
 * makes those of its own node. A worker's that have ended are the launcher's to mend (`mini start`).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "../../client/types.ts";
import {
  clientSigner,
  kubeletClientSigner,
  kubeletServingSigner,
} from "../../kinds/certificates/certificate-signing-request/signers.ts";
import type { CertificateSource } from "../../lib/certificate-source.ts";
import { reissueCertificate } from "../../lib/certificates.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Component } from "../../lib/component.ts";
import { createLogger } from "../../lib/log.ts";
import { nodePaths } from "../config.ts";
import { createCertificateFiles } from "./certificate-files.ts";
import { requestRenewal } from "./requested-renewal.ts";
import { createRotation, type Renewal } from "./rotation.ts";

/** Names of certificates in the seed's `pki`. */
export type ControlPlaneCertificate =
  | "apiserver"
  | "apiserver-kubelet-client"
  | "front-proxy-client"
  | "controller-manager"
  | "scheduler";
export type AgentCertificate = "kubelet-client" | "kubelet" | "kube-proxy";

const agentCertificates: readonly AgentCertificate[] = ["kubelet-client", "kubelet", "kube-proxy"];
/** The agent has tried for a tenth of the life or more by then. */
const lastResort = 0.97;

const pki = join(nodePaths.seed, "pki");
const authorityNameOf = (name: string): string => (name === "front-proxy-client" ? "front-proxy-ca" : "ca");
const readSeed = (name: string): string => readFileSync(join(pki, name), "utf8");
const clock = systemClock;
const rotation = createRotation({
  files: createCertificateFiles({
    seed: pki,
    renewed: nodePaths.renewedCertificates,
    authorityOf: (name) => readSeed(`${authorityNameOf(name)}.crt`),
  }),
  clock,
  log: createLogger("certificates"),
});

export function controlPlaneCertificate(name: ControlPlaneCertificate): Promise<CertificateSource> {
  return rotation.source(name, reissued(name));
}

/** `connect` gives a client in the name of an identity whose certificate is asked for in turn. */
export function agentCertificate(
  name: AgentCertificate,
  connect: (identity: "kubelet-client" | "kube-proxy") => Promise<Client>,
): Promise<CertificateSource> {
  const client = () => connect(name === "kube-proxy" ? "kube-proxy" : "kubelet-client");
  const signerName = signers[name];
  return rotation.source(name, {
    atStart: false,
    renew: (current, signal) => requestRenewal(current, { signerName, client, clock }, signal),
  });
}

const signers: Readonly<Record<AgentCertificate, string>> = {
  "kubelet-client": kubeletClientSigner,
  kubelet: kubeletServingSigner,
  "kube-proxy": clientSigner,
};

function reissued(name: string, after?: number): Renewal {
  const authority = authorityNameOf(name);
  return {
    atStart: true,
    ...(after === undefined ? {} : { after }),
    renew: ({ certificate }) =>
      reissueCertificate(certificate, {
        certificate: readSeed(`${authority}.crt`),
        privateKey: readSeed(`${authority}.key`),
      }),
  };
}

/** Renews what this process uses while it runs. */
export function createCertificateRotation(process: "control-plane" | "agent"): Component {
  return {
    name: "certificates",
    async start(signal) {
      if (process === "control-plane") {
        await Promise.all(agentCertificates.map((name) => rotation.source(name, reissued(name, lastResort))));
      }
      return { done: rotation.run(signal) };
    },
  };
}
