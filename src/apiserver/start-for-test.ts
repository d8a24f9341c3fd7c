/** An API server for tests and benchmarks: certificates of its own, any free port, clients that trust it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CertificateSource, fixedCertificate } from "../lib/certificate-source.ts";
import type { IssuedCertificate } from "../lib/certificates.ts";
import type { Logger } from "../lib/log.ts";
import type { Store } from "../store/types.ts";
import { type ApiServerOptions, createApiServer } from "./server.ts";

export interface TestPki {
  readonly ca: string;
  readonly authority: IssuedCertificate;
  readonly serving: IssuedCertificate;
  /** In system:masters. */
  readonly admin: IssuedCertificate;
  /** PEM. */
  readonly serviceAccountKey: string;
}

/** Keys and certificates for 127.0.0.1. */
export async function createTestPki(): Promise<TestPki> {
  const { createAuthority, createKeyPair, issueCertificate } = await import("../lib/certificates.ts");
  const authority = await createAuthority({ commonName: "mini-ca", validityDays: 10 });
  const serving = await issueCertificate({
    authority,
    commonName: "kube-apiserver",
    dnsNames: ["localhost", "kubernetes"],
    ipAddresses: ["127.0.0.1"],
    usages: ["server"],
    validityDays: 10,
  });
  const admin = await issueCertificate({
    authority,
    commonName: "kubernetes-admin",
    organizations: ["system:masters"],
    usages: ["client"],
    validityDays: 10,
  });
  const { privateKey } = await createKeyPair();
  return { ca: authority.certificate, authority, serving, admin, serviceAccountKey: privateKey };
}

export interface TestServer {
  readonly url: string;
  readonly pki: TestPki;
  /** A kubeconfig file of the admin. */
  readonly kubeconfig: string;
  /** Stops the server and removes what it made. */
  stop(): Promise<void>;
}

export interface TestServerOptions {
  /** Default: a database in a temporary folder. */
  readonly store?: string | Store;
  readonly port?: number;
  readonly pki?: TestPki;
  /** In place of the one in `pki`. */
  readonly serving?: CertificateSource;
  readonly log?: Logger;
  readonly audit?: NonNullable<ApiServerOptions["audit"]>;
}

const ignore = (): void => undefined;
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

export async function startForTest(options: TestServerOptions = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "mini-apiserver-"));
  const pki = options.pki ?? (await createTestPki());
  const { admin } = pki;
  const abort = new AbortController();
  let port = 0;
  const component = createApiServer({
    host: "127.0.0.1",
    port: options.port ?? 0,
    tls: { serving: options.serving ?? fixedCertificate(pki.serving), clientCa: pki.ca },
    store: options.store ?? join(folder, "store.db"),
    serviceAccount: {
      issuer: "https://kubernetes.default.svc.cluster.local",
      privateKey: pki.serviceAccountKey,
    },
    kubelet: { ca: pki.ca, client: fixedCertificate(admin) },
    serviceSubnet: "10.96.0.0/12",
    advertised: { address: "10.0.0.1", port: 6443 },
    ...(options.audit === undefined ? {} : { audit: options.audit }),
    log: options.log ?? silent,
    listening: (address) => {
      port = address.port;
    },
  });
  const running = await component.start(abort.signal);
  const url = `https://127.0.0.1:${port}`;
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, renderKubeconfig(url, pki));
  return {
    url,
    pki,
    kubeconfig,
    async stop() {
      abort.abort();
      await running.done;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function renderKubeconfig(server: string, { ca, admin }: TestPki): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": base64(ca) } }],
    users: [
      {
        name: "admin",
        user: {
          "client-certificate-data": base64(admin.certificate),
          "client-key-data": base64(admin.privateKey),
        },
      },
    ],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  };
  return JSON.stringify(config);
}
