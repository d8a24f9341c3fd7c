import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAuthority, issueCertificate } from "../../lib/certificates.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import { createAuthorizer } from "../authorization/index.ts";
import { tokenRequestHandler } from "../subresources/token-request.ts";
import { FakeObjects } from "../testing/fake-objects.ts";
import type { HttpRequest, SubresourceRequest } from "../types.ts";
import { createAuthenticator, impersonate, type RequestAuthenticator } from "./index.ts";

const issuer = "https://kubernetes.default.svc.cluster.local";
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.now();

function requestWith(headers: Record<string, string>, certificate?: string): HttpRequest {
  const socket = {
    getPeerX509Certificate: () => (certificate === undefined ? undefined : new X509Certificate(certificate)),
  };
  return { headers, socket } as unknown as HttpRequest;
}

describe("authentication", () => {
  let ca: Awaited<ReturnType<typeof createAuthority>>;
  let proxyCa: Awaited<ReturnType<typeof createAuthority>>;
  let objects: FakeObjects;
  let clock: FakeClock;
  let authenticator: RequestAuthenticator;
  const issue = async (authority: typeof ca, commonName: string, organizations: string[] = []): Promise<string> =>
    (await issueCertificate({ authority, commonName, organizations, usages: ["client"], validityDays: 1 })).certificate;

  beforeAll(async () => {
    ca = await createAuthority({ commonName: "ca", validityDays: 1 });
    proxyCa = await createAuthority({ commonName: "front-proxy-ca", validityDays: 1 });
  });

  beforeEach(() => {
    objects = new FakeObjects();
    objects.put("", "serviceaccounts", { metadata: { name: "sa", namespace: "default", uid: "u1" } });
    objects.put("", "pods", {
      metadata: { name: "p", namespace: "default", uid: "p1" },
      spec: { serviceAccountName: "sa", containers: [] },
    });
    clock = new FakeClock(now);
    authenticator = createAuthenticator({
      clientCa: ca.certificate,
      requestHeader: { ca: proxyCa.certificate, allowedNames: ["front-proxy-client"] },
      serviceAccount: { issuer, audiences: [issuer], publicKeys: [createPublicKey(privateKey)] },
      reader: objects,
      clock,
    });
  });

  async function tokenFor(spec: object = {}): Promise<string> {
    const handler = tokenRequestHandler({ issuer, audiences: [], privateKey }, clock);
    const info = { group: "", resource: "serviceaccounts", subresource: "token", namespace: "default", name: "sa" };
    const request = { info, reader: objects, body: { spec } } as unknown as SubresourceRequest;
    const { object } = (await handler.handle?.(request)) ?? { object: {} };
    return (object as { status: { token: string } }).status.token;
  }
  const bearer = (token: string) => authenticator.authenticate(requestWith({ authorization: `Bearer ${token}` }));

  it("takes user and groups from a certificate of the CA", async () => {
    const user = await authenticator.authenticate(requestWith({}, await issue(ca, "jane", ["dev", "ops"])));
    expect(user).toMatchObject({ username: "jane", groups: ["dev", "ops", "system:authenticated"] });
  });

  it("refuses a certificate of another CA, and one that has expired", async () => {
    const other = await createAuthority({ commonName: "ca", validityDays: 1 });
    const forged = await issue(other, "jane", ["system:masters"]);
    expect(() => authenticator.authenticate(requestWith({}, forged))).toThrow("Unauthorized");
    const certificate = await issue(ca, "jane");
    await clock.advance(2 * 24 * 3600 * 1000);
    expect(() => authenticator.authenticate(requestWith({}, certificate))).toThrow("Unauthorized");
  });

  it("believes a front proxy's headers only with its certificate", async () => {
    const headers = { "x-remote-user": "joe", "x-remote-group": "a, b", "x-remote-extra-scopes": "x" };
    const proxied = await authenticator.authenticate(requestWith(headers, await issue(proxyCa, "front-proxy-client")));
    expect(proxied).toEqual({ username: "joe", groups: ["a", "b", "system:authenticated"], extra: { scopes: ["x"] } });
    expect(await authenticator.authenticate(requestWith(headers))).toMatchObject({ username: "system:anonymous" });
    expect(await authenticator.authenticate(requestWith(headers, await issue(ca, "jane")))).toMatchObject({
      username: "jane",
    });
  });

  it("accepts the tokens it issued, with what they are bound to", async () => {
    const token = await tokenFor({ boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "p" } });
    expect(await bearer(token)).toMatchObject({
      username: "system:serviceaccount:default:sa",
      uid: "u1",
      groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
      extra: { "authentication.kubernetes.io/pod-name": ["p"], "authentication.kubernetes.io/pod-uid": ["p1"] },
    });
  });

  it("refuses tokens that expired, whose pod has gone or whose account was made anew", async () => {
    const expiring = await tokenFor({ expirationSeconds: 600 });
    const bound = await tokenFor({ boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "p" } });
    await bearer(bound);
    objects.remove("", "pods", "default", "p");
    await expect(bearer(bound)).rejects.toThrow("Unauthorized");
    await expect(authenticator.authenticateToken(bound, [])).rejects.toThrow(
      "service account token has been invalidated",
    );
    await clock.advance(700_000);
    await expect(authenticator.authenticateToken(expiring, [])).rejects.toThrow("service account token has expired");
    const lasting = await tokenFor();
    objects.put("", "serviceaccounts", { metadata: { name: "sa", namespace: "default", uid: "u2" } });
    await expect(bearer(lasting)).rejects.toThrow("Unauthorized");
  });

  it("refuses a token for another audience, a forged one and nonsense", async () => {
    await expect(bearer(await tokenFor({ audiences: ["vault"] }))).rejects.toThrow("Unauthorized");
    const [header, , signature] = (await tokenFor()).split(".");
    const payload = Buffer.from(JSON.stringify({ iss: issuer, sub: "x" })).toString("base64url");
    await expect(bearer(`${header}.${payload}.${signature}`)).rejects.toThrow("Unauthorized");
    await expect(bearer("nonsense")).rejects.toThrow("Unauthorized");
  });

  it("takes a token from the subprotocol of a WebSocket, and lets nobody behind see it", async () => {
    const carrier = `base64url.bearer.authorization.k8s.io.${Buffer.from(await tokenFor()).toString("base64url")}`;
    const request = requestWith({ "sec-websocket-protocol": `v4.channel.k8s.io, ${carrier}` });
    expect(await authenticator.authenticate(request)).toMatchObject({ username: "system:serviceaccount:default:sa" });
    expect(request.headers["sec-websocket-protocol"]).toBe("v4.channel.k8s.io");
    const known = requestWith({ "sec-websocket-protocol": carrier }, await issue(ca, "jane"));
    expect(await authenticator.authenticate(known)).toMatchObject({ username: "jane" });
    expect(known.headers).not.toHaveProperty("sec-websocket-protocol");
  });

  it("impersonates whom the caller may, with an account's groups", async () => {
    const authorizer = createAuthorizer({ reader: objects });
    const admin = { username: "admin", groups: ["system:masters"] };
    const request = requestWith({ "impersonate-user": "system:serviceaccount:a:b" });
    expect(await impersonate(request, admin, authorizer)).toEqual({
      username: "system:serviceaccount:a:b",
      groups: ["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"],
    });
    const bob = { username: "bob", groups: [] };
    await expect(impersonate(requestWith({ "impersonate-user": "jane" }), bob, authorizer)).rejects.toThrow(
      'users "jane" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    await expect(impersonate(requestWith({ "impersonate-group": "x" }), admin, authorizer)).rejects.toThrow(
      "requested",
    );
  });
});
