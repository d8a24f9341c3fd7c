/**
 * An extension API server for tests: one kind, Flunder of wardle.example.com/v1, discovered and documented, and an
 * APIService with a Service that leads to it.
 */
import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestPki } from "../start-for-test.ts";
import { ownAddress } from "./own-address.ts";

const group = "wardle.example.com";
const gvk = { group, version: "v1", kind: "Flunder" };
export const flunders = `/apis/${group}/v1`;
const documentPath = `/openapi/v3${flunders}`;

const answers: Readonly<Record<string, object>> = {
  [flunders]: {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: `${group}/v1`,
    resources: [
      { name: "flunders", singularName: "flunder", namespaced: true, kind: "Flunder", verbs: ["get", "list"] },
    ],
  },
  "/openapi/v3": { paths: { [flunders.slice(1)]: { serverRelativeURL: `${documentPath}?hash=1` } } },
  [documentPath]: {
    openapi: "3.0.0",
    info: { title: "wardle", version: "1" },
    paths: { [`${flunders}/namespaces/{namespace}/flunders`]: { get: { "x-kubernetes-group-version-kind": gvk } } },
    components: {
      schemas: {
        "com.example.wardle.v1.Flunder": {
          description: "A Flunder is a thing of the wardle.",
          type: "object",
          properties: { reference: { description: "What it refers to.", type: "string" } },
          "x-kubernetes-group-version-kind": [gvk],
        },
      },
    },
  },
};

export interface ExtensionServer {
  /** Service and APIService, to be created in this order. */
  readonly service: object;
  readonly apiService: object;
  /** Every request so far. */
  readonly asked: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

export async function startExtensionServer({ serving }: TestPki): Promise<ExtensionServer> {
  const host = ownAddress();
  const asked: ExtensionServer["asked"] = [];
  const server = createServer(
    { cert: serving.certificate, key: serving.privateKey },
    ({ url = "", headers }, response) => {
      const path = url.split("?")[0] ?? "";
      asked.push({ path, headers });
      const answer = answers[path];
      response.statusCode = answer === undefined ? 404 : 200;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(answer ?? {}));
    },
  );
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const metadata = { name: "wardle", namespace: "default" };
  return {
    service: { apiVersion: "v1", kind: "Service", metadata, spec: { type: "ExternalName", externalName: host } },
    apiService: {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: `v1.${group}` },
      spec: {
        group,
        version: "v1",
        groupPriorityMinimum: 2000,
        versionPriority: 200,
        service: { ...metadata, port },
        insecureSkipTLSVerify: true,
      },
    },
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
