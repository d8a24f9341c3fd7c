/** Whoever may write pods, nodes, Services and endpoints does not lead the API server to itself, its links or its cloud. */
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { TestClient } from "../../src/apiserver/client-for-test.ts";
import { startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";
import { ownAddress } from "../../src/apiserver/testing/own-address.ts";
import { issueCertificate } from "../../src/lib/certificates.ts";

let server: TestServer;
let client: TestClient;
let port = 0;
let asked = 0;
/** Listens on every address there is. */
const secret = createServer((_request, response) => {
  asked++;
  response.end("secret");
});
const core = "/api/v1";
const own = "/api/v1/namespaces/default";

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  secret.listen(0, "::");
  await once(secret, "listening");
  port = (secret.address() as AddressInfo).port;
  await client.post(`${own}/serviceaccounts`, { metadata: { name: "default" } });
});
afterAll(async () => {
  client.close();
  secret.close();
  secret.closeAllConnections();
  await server.stop();
});

let last = 0;

async function podWith(podIP: string): Promise<string> {
  const name = `p${++last}`;
  const spec = { nodeName: "n", containers: [{ name: "c", image: "i" }] };
  expect((await client.post(`${own}/pods`, { metadata: { name }, spec })).code).toBe(201);
  await client.patch(`${own}/pods/${name}/status`, { status: { podIP, podIPs: [{ ip: podIP }] } });
  return name;
}

const refused = [
  "127.0.0.1",
  "127.9.9.9",
  "0.0.0.0",
  "169.254.169.254",
  "224.0.0.1",
  "255.255.255.255",
  "::1",
  "0:0:0:0:0:0:0:1",
  "::",
  "fe80::1",
  "ff02::1",
];

it("reaches a pod at an address of another machine", async () => {
  const name = await podWith(ownAddress());
  expect((await client.get(`${own}/pods/${name}:${port}/proxy/`)).text).toBe("secret");
});

it.each(refused)("reaches no pod at %s", async (address) => {
  asked = 0;
  const name = await podWith(address);
  const stored = (await client.get(`${own}/pods/${name}`)).body.status.podIP;
  for (const scheme of ["", "http:", "https:"]) {
    const answer = await client.get(`${own}/pods/${scheme}${name}:${port}/proxy/`);
    expect(answer.code).toBe(400);
    if (stored !== undefined) expect(answer.body.message).toBe("address not allowed");
  }
  expect(asked).toBe(0);
});

it.each([...refused, "::ffff:127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433"])(
  "reaches no node at %s, by its port or another's, nor logs there",
  async (address) => {
    asked = 0;
    const name = `n${++last}`;
    expect((await client.post(`${core}/nodes`, { metadata: { name } })).code).toBe(201);
    const addresses = [{ type: "InternalIP", address }];
    const status = { addresses, daemonEndpoints: { kubeletEndpoint: { Port: port } } };
    expect((await client.patch(`${core}/nodes/${name}/status`, { status })).code).toBe(200);
    for (const named of [name, `${name}:${port}`, `http:${name}:${port + 1}`]) {
      const answer = await client.get(`${core}/nodes/${named}/proxy/`);
      expect([named, answer.code, answer.body.message]).toEqual([named, 400, "address not allowed"]);
    }
    const pod = { metadata: { name }, spec: { nodeName: name, containers: [{ name: "c", image: "i" }] } };
    expect((await client.post(`${own}/pods`, pod)).code).toBe(201);
    expect((await client.get(`${own}/pods/${name}/log`)).body.message).toBe("address not allowed");
    expect(asked).toBe(0);
  },
);

const kubelet = { organizations: ["system:nodes"] };

it.each([
  ["the node's kubelet", { commonName: "system:node:%", ...kubelet }, "asked"],
  ["another node's kubelet", { commonName: "system:node:other", ...kubelet }, "refused"],
  ["the API server itself", { commonName: "kube-apiserver" }, "refused"],
  ["a server that only bears the node's name", { commonName: "%", dnsNames: ["%"], ...kubelet }, "refused"],
])("shows its certificate for kubelets to %s: %s", async (_, subject, outcome) => {
  asked = 0;
  const name = `n${++last}`;
  const named = JSON.parse(JSON.stringify(subject).replaceAll("%", name)) as typeof subject;
  const { authority } = server.pki;
  const common = { authority, ipAddresses: [ownAddress()], usages: ["server"], validityDays: 1 } as const;
  const { certificate, privateKey } = await issueCertificate({ ...common, ...named });
  const found = createTlsServer({ cert: certificate, key: privateKey }, (_request, response) => {
    asked++;
    response.end("secret");
  });
  found.listen(0, ownAddress());
  await once(found, "listening");
  try {
    await client.post(`${core}/nodes`, { metadata: { name } });
    const addresses = [{ type: "InternalIP", address: ownAddress() }];
    const kubeletEndpoint = { Port: (found.address() as AddressInfo).port };
    const status = { addresses, daemonEndpoints: { kubeletEndpoint } };
    await client.patch(`${core}/nodes/${name}/status`, { status });
    const pod = { metadata: { name }, spec: { nodeName: name, containers: [{ name: "c", image: "i" }] } };
    await client.post(`${own}/pods`, pod);
    const answers = [await client.get(`${core}/nodes/${name}/proxy/pods`), await client.get(`${own}/pods/${name}/log`)];
    expect(asked).toBe(outcome === "asked" ? 2 : 0);
    expect(answers.map(({ code }) => code)).toEqual(outcome === "asked" ? [200, 200] : [503, 500]);
    for (const { text } of answers) expect(text).toContain(outcome === "asked" ? "secret" : "not that of the kubelet");
  } finally {
    found.close();
    found.closeAllConnections();
  }
});

it("reaches only pods behind a Service", async () => {
  const pod = await podWith(ownAddress());
  const serve = async (endpoint: object): Promise<number> => {
    const name = `s${++last}`;
    await client.post(`${own}/services`, { metadata: { name }, spec: { ports: [{ port: 80 }] } });
    const slice = await client.post("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      metadata: { name, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: [{ name: "", port }],
      endpoints: [endpoint],
    });
    expect(slice.code).toBe(201);
    return (await client.get(`${own}/services/${name}:80/proxy/`)).code;
  };
  const targetRef = { kind: "Pod", namespace: "default", name: pod };
  expect(await serve({ addresses: [ownAddress()], targetRef })).toBe(200);
  expect(await serve({ addresses: [ownAddress()] })).toBe(503);
  expect(await serve({ addresses: ["192.0.2.77"], targetRef })).toBe(503);
  expect(await serve({ addresses: [ownAddress()], targetRef: { ...targetRef, name: "none" } })).toBe(503);
  expect(await serve({ addresses: [ownAddress()], targetRef: { ...targetRef, kind: "Node" } })).toBe(503);
});

it.each([
  ["IPv4", "127.0.0.1"],
  ["IPv4", "169.254.169.254"],
  ["IPv4", "0.0.0.0"],
  ["IPv6", "::1"],
  ["IPv6", "0:0:0:0:0:0:0:1"],
  ["IPv6", "0:0::0"],
  ["IPv6", "FE80:0::1"],
])("takes no endpoint at %s %s", async (addressType, address) => {
  const slice = { metadata: { name: "bad" }, addressType, endpoints: [{ addresses: [address] }] };
  expect((await client.post("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", slice)).code).toBe(422);
});

it("asks no webhook and no extension server that a Service's name leads to this machine", async () => {
  asked = 0;
  const name = "leading";
  const service = { metadata: { name }, spec: { type: "ExternalName", externalName: "localhost" } };
  expect((await client.post(`${own}/services`, service)).code).toBe(201);
  const webhook = {
    name: "hook.example.com",
    clientConfig: { service: { namespace: "default", name, port } },
    rules: [{ apiGroups: [""], apiVersions: ["v1"], resources: ["secrets"], operations: ["CREATE"] }],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
  };
  const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
  expect((await client.post(configurations, { metadata: { name }, webhooks: [webhook] })).code).toBe(201);
  await vi.waitFor(async () => {
    const { code, body } = await client.post(`${own}/secrets`, { metadata: { generateName: "s" } });
    expect(code).toBe(500);
    expect(body.message).toContain("address not allowed");
  });
  const spec = {
    group: "example.com",
    version: "v1",
    groupPriorityMinimum: 1000,
    versionPriority: 10,
    insecureSkipTLSVerify: true,
    service: { namespace: "default", name, port },
  };
  const services = "/apis/apiregistration.k8s.io/v1/apiservices";
  expect((await client.post(services, { metadata: { name: "v1.example.com" }, spec })).code).toBe(201);
  await vi.waitFor(async () => {
    const [condition] = (await client.get(`${services}/v1.example.com`)).body.status.conditions;
    expect(condition).toMatchObject({ status: "False", message: expect.stringContaining("address not allowed") });
  });
  const unavailable = { code: 503, body: { reason: "ServiceUnavailable", message: "service unavailable" } };
  expect(await client.get("/apis/example.com/v1/things")).toMatchObject(unavailable);
  expect(asked).toBe(0);
});
