/** The API server's paths: what is authorized is what is served, and what is passed on to others. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestClient } from "../../src/apiserver/client-for-test.ts";
import { startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";
import { ownAddress } from "../../src/apiserver/testing/own-address.ts";

let server: TestServer;
let client: TestClient;
const asked: string[] = [];
const backend = createServer(({ url = "" }, response) => {
  asked.push(url);
  response.end("backend");
});

interface Answer {
  readonly code: number;
  readonly head: string;
  readonly body: string;
}

/** The request line as it is written here: clients' libraries clean URLs. `user`: another than the administrator. */
function ask(line: string, user = ""): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { ca, admin } = server.pki;
  const port = Number(new URL(server.url).port);
  const identity = { cert: admin.certificate, key: admin.privateKey };
  const socket = connect({ host: "127.0.0.1", port, ca, ...identity, ALPNProtocols: ["http/1.1"] });
  const impersonation = user === "" ? "" : `Impersonate-User: ${user}\r\n`;
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", reject);
  socket.on("close", () => {
    const [head = "", body = ""] = text.split("\r\n\r\n");
    resolve({ code: Number(text.split(" ")[1] ?? 0), head, body });
  });
  socket.write(`${line} HTTP/1.1\r\nHost: api\r\nContent-Length: 0\r\nConnection: close\r\n${impersonation}\r\n`);
  return promise;
}

const container = (port: number) => ({ name: "c", image: "i", ports: [{ containerPort: port }] });

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  backend.listen(0, ownAddress());
  await once(backend, "listening");
  const { port } = backend.address() as AddressInfo;
  await client.post("/api/v1/namespaces", { metadata: { name: "proxy" } });
  for (const namespace of ["default", "proxy"]) {
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    await client.post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "default" } });
    const metadata = { name: "proxy" };
    const created = await client.post(pods, { metadata, spec: { nodeName: "n", containers: [container(port)] } });
    expect(created.code).toBe(201);
    const podIP = ownAddress();
    await client.patch(`${pods}/proxy/status`, { status: { podIP, podIPs: [{ ip: podIP }] } });
  }
  const rules = [{ apiGroups: [""], resources: ["pods/log", "pods/proxy"], verbs: ["*"] }];
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  await client.post(`${rbac}/namespaces/default/roles`, { metadata: { name: "some" }, rules });
  await client.post(`${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: "some" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "some" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "bob" }],
  });
});
afterAll(async () => {
  client.close();
  backend.close();
  backend.closeAllConnections();
  await server.stop();
});

const pod = "/api/v1/namespaces/default/pods/proxy";

describe("paths of resources", () => {
  it.each([
    ["GET /api/v1/pods", 200, 403],
    ["GET /api/v1/pods/", 200, 403],
    ["GET https://elsewhere/api/v1/pods", 200, 403],
    ["GET /%61pi/v1/p%6fds", 200, 403],
    ["GET /api%2fv1/pods", 200, 403],
    ["GET /api//v1/pods", 404, 403],
    ["GET /api/v1//pods", 404, 403],
    ["GET //api/v1/pods", 404, 403],
    ["GET /healthz/../api/v1/pods", 404, 403],
    ["GET /api/v1/namespaces/default/pods/../secrets", 404, 403],
    [`GET ${pod}/log/../../../secrets`, 404, 404],
    [`GET ${pod}/log/%2e%2e/%2e%2e/%2e%2e/secrets`, 404, 404],
    [`GET ${pod}/status/extra`, 404, 403],
    [`GET ${pod}/none`, 404, 403],
    [`GET ${pod};/log`, 404, 404],
    [`GET ${pod}%00`, 404, 403],
    ["GET /api/v1/namespaces/default/configmaps/a%0d%0ab", 404, 403],
    ["GET /api/v1/namespaces/default/nodes", 404, 403],
    [`GET /api/v1/watch/namespaces/default/pods/proxy/log`, 405, 405],
    [`DELETE ${pod}/log`, 405, 405],
    [`POST ${pod}/log`, 405, 405],
    [`PUT ${pod}/eviction`, 405, 403],
    [`GET ${pod}/eviction`, 405, 403],
    [`GET ${pod}/binding`, 405, 403],
    [`POST ${pod}/status`, 405, 403],
    [`PUT ${pod}/exec`, 405, 403],
    [`OPTIONS ${pod}/exec`, 405, 403],
    ["PUT /api/v1/namespaces/default/serviceaccounts/default/token", 405, 403],
    ["GET /api/v1/namespaces/default/serviceaccounts/default/token", 405, 403],
    ["DELETE /apis/authentication.k8s.io/v1/tokenreviews", 405, 403],
    ["GET /%zz", 400, 400],
    ["GET api/v1/pods", 400, 400],
    ["GET *", 404, 403],
  ])("%s: %d, and for one who may little %d", async (line, code, asBob) => {
    expect((await ask(line)).code).toBe(code);
    expect((await ask(line, "bob")).code).toBe(asBob);
  });

  it.each(["/", "/api", "/apis", "/apis/apps/v1", "/healthz", "/livez", "/version", "/metrics", "/openapi/v3"])(
    "%s can only be read",
    async (path) => {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        expect((await ask(`${method} ${path}`)).code, method).toBe(405);
      }
      expect((await ask(`HEAD ${path}`)).code).toBe(200);
    },
  );

  it.each(["/apis//apps", "/healthz/", "/healthz/../metrics", "/metrics/", "/openapi/v3/../v2", "/version/x"])(
    "%s is spelled in no other way",
    async (path) => expect([404, 200]).toContain((await ask(`GET ${path}`)).code),
  );
});

describe("paths that are passed on", () => {
  it.each([
    ["/", "/"],
    ["/a/b/", "/a/b/"],
    ["/a?x=%2e%2e&y", "/a?x=%2e%2e&y"],
    ["/a%20b", "/a%20b"],
    ["/a%2fb", "/a/b"],
    ["//a//b", "/a/b"],
    ["/a/../b", "/b"],
    ["/../../../secrets", "/secrets"],
    ["/%2e%2e/%2e%2e/secrets", "/secrets"],
    ["/..%2f..%2fsecrets", "/secrets"],
    ["/proxy/proxy/", "/proxy/proxy/"],
    ["/a%0d%0ax:%20y", "/a%0D%0Ax:%20y"],
    ["/a%3fb%23c", "/a%3Fb%23c"],
  ])("of pods/proxy%s: %s", async (below, path) => {
    for (const namespace of ["default", "proxy"]) {
      asked.length = 0;
      expect((await ask(`GET /api/v1/namespaces/${namespace}/pods/proxy/proxy${below}`)).code).toBe(200);
      expect(asked).toEqual([path]);
    }
  });

  it("begin below `proxy`, and nothing of another pod's or namespace's is reached", async () => {
    asked.length = 0;
    expect((await ask(`GET ${pod}/proxy/../../../../proxy/pods/proxy/proxy/a`, "bob")).code).toBe(200);
    expect(asked).toEqual(["/proxy/pods/proxy/proxy/a"]);
    expect((await ask("GET /api/v1/namespaces/proxy/pods/proxy/proxy/a", "bob")).code).toBe(403);
    expect((await ask("GET /api/v1/namespaces/default/../proxy/pods/proxy/proxy/a", "bob")).code).toBe(403);
  });

  it("keep their method, of those that upstream proxies", async () => {
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      asked.length = 0;
      expect((await ask(`${method} ${pod}/proxy/a`)).code, method).toBe(200);
      expect(asked).toEqual(["/a"]);
    }
    expect((await ask(`TRACE ${pod}/proxy/a`)).code).toBe(405);
  });

  it("are sent on to the slash at their start", async () => {
    const { code, head } = await ask(`GET ${pod}/proxy?a=b`);
    expect(code).toBe(301);
    expect(head.toLowerCase()).toContain(`\r\nlocation: ${pod}/proxy/?a=b\r\n`);
    asked.length = 0;
    expect((await ask(`GET ${pod}/proxy/proxy`)).code).toBe(200);
    expect(asked).toEqual(["/proxy"]);
    expect((await ask("GET /api/v1/namespaces/default/pods/a%0d%0ab/proxy")).code).toBe(301);
  });
});

it("watches below /watch/ with GET only, and acts for nobody of whom only extra fields are told", async () => {
  for (const method of ["DELETE", "POST", "PUT", "PATCH"]) {
    const answer = await client.send(method, "/api/v1/watch/namespaces/default/configmaps?timeoutSeconds=1");
    expect([method, answer.code]).toEqual([method, 405]);
  }
  const headers = { "impersonate-extra-scopes": "view" };
  expect((await client.get("/api/v1/namespaces/default/configmaps", headers)).code).toBe(400);
});
