/**
 * Who becomes whom through certificate signing requests. An API server and the certificate controller, and clients that
 * ask for more than they are: each gets upstream's refusal, or waits for ever, or Failed; never a certificate.
 */
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";
import { createClient } from "../../src/client/client.ts";
import { createInformers } from "../../src/client/informers.ts";
import { objectPath } from "../../src/client/paths.ts";
import { certificateSigningRequests, clusterRoleBindings, nodes } from "../../src/client/resources.ts";
import type { Client } from "../../src/client/types.ts";
import { createCertificateController } from "../../src/controllers/certificates/certificate-signing.ts";
import type { CertificateSigningRequest } from "../../src/kinds/generated/certificates-v1.ts";
import { issueCertificate } from "../../src/lib/certificates.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { encodeName, encodeRequest, sanElement, toPem } from "../../src/lib/x509/request-for-test.ts";

const clientSigner = "kubernetes.io/kube-apiserver-client";
const kubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";
const kubeletServing = "kubernetes.io/kubelet-serving";
const clientUsages = ["digital signature", "client auth"];
const servingUsages = ["digital signature", "server auth"];
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });

let server: TestServer;
let admin: Client;
let node: Client;
let controllerDone: AbortController;
let count = 0;

async function connectAs(commonName: string, ...organizations: string[]): Promise<Client> {
  const { authority, ca } = server.pki;
  const issued = await issueCertificate({ authority, commonName, organizations, usages: ["client"], validityDays: 1 });
  const credentials = { ca, cert: issued.certificate, key: issued.privateKey };
  return createClient({ server: server.url, ...credentials, userAgent: "test" });
}

beforeAll(async () => {
  server = await startForTest();
  admin = await connectAs("kubernetes-admin", "system:masters");
  node = await connectAs("system:node:worker", "system:nodes");
  for (const [name, address] of [
    ["master", "10.0.0.1"],
    ["worker", "10.0.0.2"],
    ["other", "10.0.0.3"],
  ] as const) {
    await admin.of(nodes).create({ apiVersion: "v1", kind: "Node", metadata: { name } });
    const status = {
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: name },
      ],
    };
    await admin.request("PATCH", objectPath(nodes, name, undefined, "status"), { status }, merge);
  }
  controllerDone = new AbortController();
  const manager = await connectAs("system:kube-controller-manager");
  const controller = createCertificateController({
    authority: server.pki.authority,
    controlPlane: { nodeName: "master", address: "10.0.0.1" },
    foreignSubnets: ["10.96.0.0/12", "10.244.0.0/16"],
  });
  const informers = createInformers(manager, controllerDone.signal);
  const recorderFor = () => ({ event: () => undefined });
  await controller.start({ client: manager, informers, clock: systemClock, recorderFor }, controllerDone.signal);
});

afterAll(async () => {
  controllerDone.abort();
  await server.stop();
});

const merge = { contentType: "application/merge-patch+json" };

interface Wish {
  readonly signer?: string;
  readonly usages?: readonly string[];
  readonly subject?: readonly (readonly [string, string])[];
  readonly names?: readonly Buffer[];
  readonly expirationSeconds?: number;
  readonly pem?: string;
}

const worker = [
  ["O", "system:nodes"],
  ["CN", "system:node:worker"],
] as const;
const dns = (name: string): Buffer => sanElement(0x82, name);
const address = (text: string): Buffer => sanElement(0x87, Buffer.from(text.split(".").map(Number)));

function ask(client: Client, wish: Wish): Promise<CertificateSigningRequest> {
  const { signer = kubeletClient, usages = clientUsages, subject = worker, names, expirationSeconds } = wish;
  const pem = wish.pem ?? toPem(encodeRequest({ keys, subject: encodeName(subject), ...(names && { names }) }));
  return client.of(certificateSigningRequests).create({
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: `request-${count++}` },
    spec: {
      request: Buffer.from(pem).toString("base64"),
      signerName: signer,
      usages: [...usages],
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
    },
  });
}

/** Asks through the API until the request says so; the test's own timeout is the bound. */
async function until(
  { metadata }: CertificateSigningRequest,
  done: (request: CertificateSigningRequest) => boolean,
): Promise<CertificateSigningRequest> {
  for (;;) {
    const request = await admin.of(certificateSigningRequests).get(metadata?.name ?? "");
    if (done(request)) return request;
    await systemClock.sleep(20);
  }
}

const conditionOf = (request: CertificateSigningRequest, type: string) =>
  request.status?.conditions?.find((condition) => condition.type === type);

async function issued(request: CertificateSigningRequest): Promise<X509Certificate> {
  const { status } = await until(request, ({ status }) => Boolean(status?.certificate));
  return new X509Certificate(Buffer.from(status?.certificate ?? "", "base64"));
}

/**
 * Nobody decides it: the controller has one worker and takes requests in turn, so what was asked after it is a sign
 * that it was passed over.
 */
async function expectUndecided(request: CertificateSigningRequest): Promise<void> {
  await issued(await ask(node, {}));
  const now = await admin.of(certificateSigningRequests).get(request.metadata?.name ?? "");
  expect(now.status?.conditions ?? []).toEqual([]);
  expect(now.status?.certificate).toBeUndefined();
}

async function approve(client: Client, request: CertificateSigningRequest, type = "Approved"): Promise<void> {
  const name = request.metadata?.name ?? "";
  const condition = { type, status: "True", reason: "Test", message: "by hand" };
  const path = objectPath(certificateSigningRequests, name, undefined, "approval");
  const current = await client.of(certificateSigningRequests).get(name);
  await client.request("PUT", path, { ...current, status: { conditions: [condition] } });
}

describe("a node's certificate", () => {
  it("is renewed for the node itself, without alternative names and for as long as it asks", async () => {
    const certificate = await issued(await ask(node, { expirationSeconds: 3600 }));
    expect(certificate.subject).toBe("O=system:nodes\nCN=system:node:worker");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    const life = certificate.validToDate.getTime() - Date.now();
    expect(life).toBeLessThanOrEqual(3_600_000);
    expect(life).toBeGreaterThan(3_000_000);
  });

  it.each([
    [
      "cluster-admin",
      [
        ["O", "system:masters"],
        ["CN", "kubernetes-admin"],
      ],
    ],
    [
      "cluster-admin under a node's name",
      [
        ["O", "system:masters"],
        ["CN", "system:node:other"],
      ],
    ],
    [
      "another node",
      [
        ["O", "system:nodes"],
        ["CN", "system:node:other"],
      ],
    ],
    ["a node by the last of two names", [...worker, ["CN", "system:node:other"]]],
  ] as const)("does not make %s", async (_, subject) => {
    for (const [signer, usages] of [
      [kubeletClient, clientUsages],
      [kubeletServing, servingUsages],
    ] as const) {
      await expect(ask(node, { signer, usages, subject, names: [dns("worker")] })).rejects.toMatchObject({
        status: {
          code: 403,
          reason: "Forbidden",
          message: expect.stringContaining("can only create a node CSR with CN=system:node:worker"),
        },
      });
    }
  });

  it.each([
    ["system:masters beside system:nodes", { subject: [...worker, ["O", "system:masters"]] }],
    [
      "system:masters alone",
      {
        subject: [
          ["O", "system:masters"],
          ["CN", "system:node:worker"],
        ],
      },
    ],
    ["a DNS name", { names: [dns("kubernetes.default.svc")] }],
    ["an address", { names: [address("10.0.0.2")] }],
    ["an e-mail address", { names: [sanElement(0x81, "a@b.example")] }],
    ["server authentication", { usages: servingUsages }],
    ["one usage more", { usages: [...clientUsages, "server auth"] }],
    ["any usage", { usages: ["digital signature", "client auth", "any"] }],
    ["signing of certificates", { usages: ["digital signature", "client auth", "cert sign"] }],
  ] as readonly (readonly [string, Wish])[])(
    "is not renewed with %s, nor signed where somebody approves it",
    async (_, wish) => {
      const request = await ask(node, wish);
      await expectUndecided(request);
      await approve(admin, request);
      const failed = await until(request, (one) => conditionOf(one, "Failed") !== undefined);
      expect(conditionOf(failed, "Failed")).toMatchObject({ status: "True", reason: "SignerValidationFailure" });
      expect(failed.status?.certificate).toBeUndefined();
    },
  );

  it("does not let its holder approve, sign, or change what was asked", async () => {
    const request = await ask(node, { signer: clientSigner });
    await expect(approve(node, request)).rejects.toMatchObject({ status: { code: 403 } });
    const own = { ...request, status: { certificate: Buffer.from(server.pki.ca).toString("base64") } };
    await expect(node.of(certificateSigningRequests).updateStatus(own)).rejects.toMatchObject({
      status: { code: 403 },
    });
    await expect(node.of(certificateSigningRequests).update(request)).rejects.toMatchObject({ status: { code: 403 } });
  });
});

describe("a kubelet's serving certificate", () => {
  const serving = (names: readonly Buffer[]): Wish => ({ signer: kubeletServing, usages: servingUsages, names });

  it("is issued for the names that the Node has", async () => {
    const certificate = await issued(await ask(node, serving([dns("worker"), address("10.0.0.2")])));
    expect(certificate.checkIP("10.0.0.2")).toBe("10.0.0.2");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  });

  it.each([
    ["the API server's name", [dns("worker"), dns("kubernetes.default.svc")]],
    ["the Service's address", [address("10.96.0.1")]],
    ["the control plane's address", [address("10.0.0.1")]],
    ["another node's name", [dns("other")]],
    ["another node's address", [address("10.0.0.2"), address("10.0.0.3")]],
    ["loopback", [address("127.0.0.1")]],
  ] as const)("is not approved with %s", async (_, names) => {
    await expectUndecided(await ask(node, serving(names)));
  });

  it("is not approved for addresses that a node only claims", async () => {
    const claim = {
      status: {
        addresses: ["10.0.0.2", "10.96.0.1", "10.0.0.1", "10.0.0.3"].map((one) => ({
          type: "InternalIP",
          address: one,
        })),
      },
    };
    await node.request("PATCH", objectPath(nodes, "worker", undefined, "status"), claim, merge);
    for (const claimed of ["10.96.0.1", "10.0.0.1", "10.0.0.3"]) {
      await expectUndecided(await ask(node, serving([address(claimed)])));
    }
  });

  it.each([
    ["no name at all", { names: [] }, "DNS or IP subjectAltName is required"],
    ["a URI", { names: [dns("worker"), sanElement(0x86, "spiffe://a/b")] }, "URI subjectAltNames are not allowed"],
    ["client authentication", { usages: [...servingUsages, "client auth"] }, "usages did not match"],
    ["no organization", { subject: [["CN", "system:node:worker"]] }, "subject organization is not system:nodes"],
  ] as readonly (readonly [string, Wish, string])[])(
    "fails with %s, though it was approved",
    async (_, wish, message) => {
      const request = await ask(node, { ...serving([dns("worker")]), ...wish });
      await approve(admin, request);
      const failed = await until(request, (one) => conditionOf(one, "Failed") !== undefined);
      expect(conditionOf(failed, "Failed")?.message).toContain(message);
    },
  );
});

describe("kube-proxy's certificate", () => {
  const own = [
    ["O", "system:node-proxier"],
    ["CN", "system:kube-proxy"],
  ] as const;
  const proxy = () => connectAs("system:kube-proxy", "system:node-proxier");

  it("is renewed for itself", async () => {
    const certificate = await issued(await ask(await proxy(), { signer: clientSigner, subject: own }));
    expect(certificate.subject).toBe("O=system:node-proxier\nCN=system:kube-proxy");
  });

  it.each([
    ["another name", { subject: [["CN", "kubernetes-admin"]] }],
    ["another group", { subject: [...own, ["O", "system:nodes"]] }],
    ["a DNS name", { subject: own, names: [dns("kubernetes")] }],
    ["a server's usages", { subject: own, usages: servingUsages }],
  ] as readonly (readonly [string, Wish])[])("is not approved with %s", async (_, wish) => {
    await expectUndecided(await ask(await proxy(), { signer: clientSigner, ...wish }));
  });

  it("is renewed by nobody else", async () => {
    await expectUndecided(await ask(node, { signer: clientSigner }));
    await expectUndecided(await ask(admin, { signer: clientSigner, subject: [["CN", "kubernetes-admin"]] }));
  });
});

describe("who is no node", () => {
  it("gets no node's certificate approved, with or without the group of those who join", async () => {
    await admin.of(clusterRoleBindings).create({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "joiners" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:node-bootstrapper" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:bootstrappers" }],
    });
    const joiner = await connectAs("system:bootstrap:abcdef", "system:bootstrappers");
    await expectUndecided(await ask(joiner, {}));
    await admin.of(clusterRoleBindings).create({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "approve-joiners" },
      roleRef: {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
      },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:bootstrappers" }],
    });
    await issued(await ask(joiner, {}));
    await expectUndecided(
      await ask(joiner, {
        subject: [
          ["O", "system:masters"],
          ["CN", "system:node:worker"],
        ],
      }),
    );
    await expectUndecided(await ask(joiner, { signer: kubeletServing, usages: servingUsages, names: [dns("worker")] }));
  });

  it("needs the right to approve for the signer, not only for requests", async () => {
    await admin.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "half-approver" },
      rules: [
        { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests"], verbs: ["get", "create"] },
        { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests/approval"], verbs: ["update"] },
        { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests/status"], verbs: ["update"] },
        {
          apiGroups: ["certificates.k8s.io"],
          resources: ["signers"],
          resourceNames: ["example.com/*"],
          verbs: ["approve"],
        },
      ],
    });
    await admin.of(clusterRoleBindings).create({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "half-approver" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "half-approver" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "half" }],
    });
    const half = await connectAs("half");
    const request = await ask(half, { signer: clientSigner, subject: [["CN", "somebody"]] });
    await expect(approve(half, request)).rejects.toMatchObject({
      status: {
        code: 403,
        message: expect.stringContaining(`user not permitted to approve requests with signerName "${clientSigner}"`),
      },
    });
    const signed = { ...request, status: { certificate: Buffer.from(server.pki.ca).toString("base64") } };
    await expect(half.of(certificateSigningRequests).updateStatus(signed)).rejects.toMatchObject({
      status: {
        code: 403,
        message: expect.stringContaining(`user not permitted to sign requests with signerName "${clientSigner}"`),
      },
    });
    await approve(half, await ask(half, { signer: "example.com/signer" }));
  });
});

describe("the signer of clients", () => {
  it("refuses system:masters at once, however it is spelt", async () => {
    const subject = [
      ["O", "system:masters"],
      ["CN", "mallory"],
    ] as const;
    await expect(ask(admin, { signer: clientSigner, subject })).rejects.toMatchObject({
      status: {
        code: 403,
        message: expect.stringContaining(`use of ${clientSigner} signer with system:masters group is not allowed`),
      },
    });
    const spelt = await ask(admin, {
      signer: clientSigner,
      subject: [
        ["O", 'x"system:masters"y'],
        ["CN", "mallory"],
      ],
    });
    await approve(admin, spelt);
    expect((await issued(spelt)).subject).not.toMatch(/^O=system:masters$/m);
  });

  it("signs no server's certificate", async () => {
    const request = await ask(admin, { signer: clientSigner, usages: servingUsages, subject: [["CN", "x"]] });
    await approve(admin, request);
    const failed = await until(request, (one) => conditionOf(one, "Failed") !== undefined);
    expect(conditionOf(failed, "Failed")?.message).toBe("invalid usage for client certificate: server auth");
  });

  it("signs nothing that was denied, and what was decided stays decided", async () => {
    const request = await ask(admin, { signer: clientSigner, subject: [["CN", "x"]] });
    await approve(admin, request, "Denied");
    await expect(approve(admin, request)).rejects.toMatchObject({ status: { code: 422, reason: "Invalid" } });
    await expectStillUnsigned(request);
  });

  async function expectStillUnsigned(request: CertificateSigningRequest): Promise<void> {
    await issued(await ask(node, {}));
    const now = await admin.of(certificateSigningRequests).get(request.metadata?.name ?? "");
    expect(now.status?.certificate).toBeUndefined();
  }
});

describe("a signer of one's own", () => {
  it("is served as ever: conditions are added, a certificate is set once, and nothing else moves", async () => {
    const request = await ask(admin, { signer: "example.com/own", usages: servingUsages });
    const name = request.metadata?.name ?? "";
    const path = (subresource: string): string => objectPath(certificateSigningRequests, name, undefined, subresource);
    const patch = (subresource: string, body: object) =>
      admin.request<CertificateSigningRequest>("PATCH", path(subresource), body, merge);
    const noted = { type: "Noted", status: "True", reason: "Test" };
    const annotated = await patch("approval", {
      metadata: { annotations: { seen: "yes" }, uid: request.metadata?.uid },
      spec: { signerName: kubeletClient },
      status: { conditions: [noted], certificate: "YQ==" },
    });
    expect(annotated).toMatchObject({
      metadata: { annotations: { seen: "yes" }, uid: request.metadata?.uid },
      spec: { signerName: "example.com/own" },
      status: { conditions: [noted] },
    });
    expect(annotated.status?.certificate).toBeUndefined();
    await expect(patch("approval", { metadata: { labels: { "a b": "c" } } })).rejects.toMatchObject({
      status: { code: 422 },
    });
    const approved = { type: "Approved", status: "True", reason: "Test" };
    await expect(patch("status", { status: { conditions: [noted, approved] } })).rejects.toMatchObject({
      status: { code: 422, message: expect.stringContaining('updates may not add a condition of type "Approved"') },
    });
    await patch("approval", { status: { conditions: [noted, approved] } });
    await expect(patch("status", { status: { certificate: "YQ==" } })).rejects.toMatchObject({ status: { code: 422 } });
    const certificate = Buffer.from(server.pki.ca).toString("base64");
    await patch("status", { status: { certificate } });
    await expect(
      patch("status", { status: { certificate: Buffer.from(server.pki.ca.repeat(2)).toString("base64") } }),
    ).rejects.toMatchObject({
      status: { code: 422, message: expect.stringContaining("may not modify existing certificate content") },
    });
    const done = await admin.of(certificateSigningRequests).get(name);
    expect(done.status).toMatchObject({ certificate, conditions: [noted, approved] });
  });
});

describe("a malformed request", () => {
  const good = encodeRequest({ keys, subject: encodeName(worker) });
  const forged = Buffer.from(good);
  forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
  it.each([
    ["no request", { pem: "junk" }, "PEM block type must be CERTIFICATE REQUEST"],
    ["a private key", { pem: toPem(good, "PRIVATE KEY") }, "PEM block type must be CERTIFICATE REQUEST"],
    ["half a request", { pem: toPem(good.subarray(0, 40)) }, "asn1: syntax error"],
    ["a forged signature", { pem: toPem(forged) }, "signature"],
    ["a life of a minute", { expirationSeconds: 60 }, "may not specify a duration less than 600 seconds"],
    ["no usages", { usages: [] }, "spec.usages: Required value"],
    ["an unknown usage", { usages: ["everything"] }, "Unsupported value"],
    ["the legacy signer", { signer: "kubernetes.io/legacy-unknown" }, "the legacy signerName is not allowed"],
  ] as readonly (readonly [string, Wish, string])[])("is refused at its creation: %s", async (_, wish, message) => {
    await expect(ask(admin, { signer: "example.com/signer", ...wish })).rejects.toMatchObject({
      status: { code: 422, reason: "Invalid", message: expect.stringContaining(message) },
    });
  });
});
