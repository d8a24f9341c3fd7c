/**
 * Certificates of seconds: the API server and a node's client go on through the end of what they began with, the server
 * by making its own anew, the client by asking through the API. Streams that were open stay open.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestPki, startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";
import { createClient } from "../../src/client/client.ts";
import { createInformers } from "../../src/client/informers.ts";
import { objectPath } from "../../src/client/paths.ts";
import { nodes } from "../../src/client/resources.ts";
import type { Client } from "../../src/client/types.ts";
import { createCertificateController } from "../../src/controllers/certificates/certificate-signing.ts";
import type { CertificateSource } from "../../src/lib/certificate-source.ts";
import {
  type CertificateOptions,
  certificateExpiry,
  type IssuedCertificate,
  issueCertificate,
  reissueCertificate,
} from "../../src/lib/certificates.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createCertificateFiles } from "../../src/node/certificates/certificate-files.ts";
import { requestRenewal } from "../../src/node/certificates/requested-renewal.ts";
import { createRotation, type Rotation } from "../../src/node/certificates/rotation.ts";

/** Renewed after 6: a loaded machine may stand still for 9 and nothing is lost. */
const lifeSeconds = 15;
const after = 0.4;
const ignore = (): void => undefined;
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

let folder: string;
let server: TestServer;
let rotation: Rotation;
let admin: Client;
const stop = new AbortController();

async function seed(name: string, options: Omit<CertificateOptions, "validityDays">): Promise<IssuedCertificate> {
  const issued = await issueCertificate({ ...options, validityDays: lifeSeconds / 86_400 });
  await writeFile(join(folder, `${name}.crt`), issued.certificate);
  await writeFile(join(folder, `${name}.key`), issued.privateKey);
  return issued;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mini-certificates-"));
  const pki = await createTestPki();
  const { authority } = pki;
  rotation = createRotation({
    files: createCertificateFiles({
      seed: folder,
      renewed: join(folder, "renewed"),
      authorityOf: () => authority.certificate,
    }),
    clock: systemClock,
    log,
    intervalMs: 500,
  });
  await seed("apiserver", {
    authority,
    commonName: "kube-apiserver",
    ipAddresses: ["127.0.0.1"],
    dnsNames: ["localhost"],
    usages: ["server"],
  });
  const reissue = ({ certificate }: IssuedCertificate) => reissueCertificate(certificate, authority);
  const serving = await rotation.source("apiserver", { after, atStart: true, renew: reissue });
  server = await startForTest({ pki, serving });
  const credentials = { ca: pki.ca, cert: pki.admin.certificate, key: pki.admin.privateKey };
  admin = createClient({ server: server.url, ...credentials, userAgent: "test" });
  await admin.of(nodes).create({ apiVersion: "v1", kind: "Node", metadata: { name: "worker" } });
  const status = { addresses: [{ type: "InternalIP", address: "10.0.0.2" }] };
  const merge = { contentType: "application/merge-patch+json" };
  await admin.request("PATCH", objectPath(nodes, "worker", undefined, "status"), { status }, merge);
  const controller = createCertificateController({
    authority,
    controlPlane: { nodeName: "master", address: "10.0.0.1" },
    foreignSubnets: [],
  });
  const recorderFor = () => ({ event: ignore });
  const informers = createInformers(admin, stop.signal);
  await controller.start({ client: admin, informers, clock: systemClock, recorderFor }, stop.signal);
});

afterAll(async () => {
  stop.abort();
  await server.stop();
  await rm(folder, { recursive: true });
});

/** The end of the certificate that the API server shows to new connections. */
function servedUntil(): Promise<number> {
  const { hostname: host, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), ca: server.pki.ca }, () => {
      resolve(Date.parse(socket.getPeerCertificate().valid_to));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

it("goes on through the end of every certificate, without a refused request or a broken watch", async () => {
  const { authority, ca } = server.pki;
  const asNode = { authority, commonName: "system:node:worker", organizations: ["system:nodes"] };
  const first = await seed("kubelet-client", { ...asNode, usages: ["client"] });
  const firstServing = await seed("kubelet", { ...asNode, ipAddresses: ["10.0.0.2", "127.0.0.1"], usages: ["server"] });
  let client: Client;
  const request = (signerName: string) => ({
    after,
    atStart: false,
    renew: (current: IssuedCertificate, signal: AbortSignal) =>
      requestRenewal(current, { signerName, client: async () => client, clock: systemClock }, signal),
  });
  const source = await rotation.source("kubelet-client", request("kubernetes.io/kube-apiserver-client-kubelet"));
  const kubelet: CertificateSource = await rotation.source("kubelet", request("kubernetes.io/kubelet-serving"));
  client = createClient({ server: server.url, ca, certificate: source, userAgent: "test" });
  const ended = new AbortController();
  let watchEnded = false;
  const watching = client
    .watch("/api/v1/nodes?watch=true&fieldSelector=metadata.name%3Dworker", { signal: ended.signal, onEvent: ignore })
    .finally(() => {
      watchEnded = true;
    });
  void rotation.run(stop.signal);
  const end = Math.max(
    certificateExpiry(first.certificate),
    certificateExpiry(firstServing.certificate),
    await servedUntil(),
  );
  while (Date.now() < end + 1_000) {
    expect((await client.of(nodes).get("worker")).metadata?.name).toBe("worker");
    await systemClock.sleep(100);
  }
  expect(certificateExpiry(source.current().certificate)).toBeGreaterThan(end);
  expect(certificateExpiry(kubelet.current().certificate)).toBeGreaterThan(end);
  expect(await servedUntil()).toBeGreaterThan(end);
  expect(watchEnded).toBe(false);
  ended.abort();
  await watching;
  // What has ended counts for nothing, also with a key that is right.
  const past = createClient({
    server: server.url,
    ca,
    cert: first.certificate,
    key: first.privateKey,
    userAgent: "test",
  });
  await expect(past.of(nodes).get("worker")).rejects.toMatchObject({ status: { code: 401 } });
  past.close();
  client.close();
});
