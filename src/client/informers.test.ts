import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { StatusError } from "../machinery/errors/status-error.ts";
import { createClient } from "./client.ts";
import { ConnectionError } from "./connection-error.ts";
import { createInformers } from "./informers.ts";
import { configMaps } from "./resources.ts";
import type { Client } from "./types.ts";

/** Answers each request by the next handler; the last one stays. */
type Handler = (stream: ServerHttp2Stream, url: URL) => void;

let server: Http2Server | undefined;
let client: Client | undefined;
const controller = { current: new AbortController() };

async function serve(...handlers: Handler[]): Promise<URL[]> {
  const seen: URL[] = [];
  server = createServer();
  server.on("stream", (stream, headers) => {
    const url = new URL(String(headers[":path"]), "http://test");
    seen.push(url);
    stream.on("error", () => undefined);
    (handlers.length > 1 ? handlers.shift() : handlers[0])?.(stream as ServerHttp2Stream, url);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  client = createClient({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: "",
    userAgent: "test",
  });
  controller.current = new AbortController();
  return seen;
}

afterEach(() => {
  controller.current.abort();
  client?.close();
  server?.close();
});

const json = (stream: ServerHttp2Stream, status: number, body: unknown): void => {
  stream.respond({ ":status": status, "content-type": "application/json" });
  stream.end(JSON.stringify(body));
};
const open = (stream: ServerHttp2Stream): ServerHttp2Stream => {
  stream.respond({ ":status": 200, "content-type": "application/json" });
  return stream;
};
const event = (type: string, name: string, resourceVersion: string, annotations?: Record<string, string>): string =>
  `${JSON.stringify({ type, object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "a", uid: name, resourceVersion, annotations, managedFields: [{}] } } })}\n`;
const initialEnd = (resourceVersion: string): string =>
  event("BOOKMARK", "", resourceVersion, { "k8s.io/initial-events-end": "true" });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("informers", () => {
  it("opens with WatchList, drops managedFields, freezes, and follows changes", async () => {
    const [watchStream] = [{ current: undefined as ServerHttp2Stream | undefined }];
    const seen = await serve((stream) => {
      watchStream.current = open(stream);
      stream.write(event("ADDED", "one", "1") + event("ADDED", "two", "2").slice(0, 20));
      setTimeout(() => stream.write(event("ADDED", "two", "2").slice(20) + initialEnd("2")), 5);
    });
    const informer = createInformers(client as Client, controller.current.signal).of(configMaps);
    const log: string[] = [];
    informer.subscribe({
      added: (o) => log.push(`added ${o.metadata?.name}`),
      updated: (o, old) => log.push(`updated ${old.metadata?.resourceVersion} ${o.metadata?.resourceVersion}`),
      deleted: (o) => log.push(`deleted ${o.metadata?.name}`),
    });
    await informer.synced();
    expect(seen[0]?.search).toContain("sendInitialEvents=true");
    expect(informer.lister.get("one", "a")?.metadata).toEqual({
      name: "one",
      namespace: "a",
      uid: "one",
      resourceVersion: "1",
    });
    expect(Object.isFrozen(informer.lister.get("one", "a")?.metadata)).toBe(true);
    watchStream.current?.write(event("MODIFIED", "one", "3") + event("DELETED", "two", "4"));
    await until(() => log.length === 4);
    expect(log).toEqual(["added one", "added two", "updated 1 3", "deleted two"]);
    expect(informer.lister.list("a")).toHaveLength(1);
  });

  it("resumes from the last resourceVersion, and lists anew after 410", async () => {
    const seen = await serve(
      (stream) => open(stream).end(event("ADDED", "one", "1") + initialEnd("7")),
      (stream) => json(stream, 410, { kind: "Status", code: 410, reason: "Expired", message: "too old" }),
      (stream) => void open(stream).write(event("ADDED", "two", "9") + initialEnd("9")),
    );
    const informer = createInformers(client as Client, controller.current.signal).of(configMaps);
    const deleted: string[] = [];
    informer.subscribe({ deleted: (o) => deleted.push(o.metadata?.name ?? "") });
    await until(() => informer.lister.get("two", "a") !== undefined);
    expect(deleted).toEqual(["one"]);
    expect(seen[1]?.searchParams.get("resourceVersion")).toBe("7");
    expect(seen[2]?.searchParams.get("sendInitialEvents")).toBe("true");
  });

  it("falls back to list and watch", async () => {
    const seen = await serve(
      (stream) =>
        json(stream, 422, { kind: "Status", code: 422, reason: "Invalid", message: "sendInitialEvents: Forbidden" }),
      (stream) =>
        json(stream, 200, {
          kind: "ConfigMapList",
          apiVersion: "v1",
          metadata: { resourceVersion: "5" },
          items: [{ metadata: { name: "one", namespace: "a", resourceVersion: "3" } }],
        }),
      (stream) => void open(stream).write(event("ADDED", "two", "6")),
    );
    const informer = createInformers(client as Client, controller.current.signal).of(configMaps);
    await until(() => informer.lister.list().length === 2);
    expect(informer.lister.get("one", "a")?.kind).toBe("ConfigMap");
    expect(seen[2]?.searchParams.get("resourceVersion")).toBe("5");
  });
});

describe("client", () => {
  it("throws the server's Status", async () => {
    await serve((stream) => json(stream, 404, { kind: "Status", code: 404, reason: "NotFound", message: "gone" }));
    const error = await (client as Client)
      .of(configMaps)
      .get("x", "a")
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StatusError);
    expect((error as StatusError).reason).toBe("NotFound");
  });

  it("dials again after the session is gone", async () => {
    await serve(
      (stream) => stream.session?.destroy(),
      (stream) => json(stream, 200, { metadata: { name: "x" } }),
    );
    await expect((client as Client).of(configMaps).get("x", "a")).rejects.toBeInstanceOf(ConnectionError);
    await expect((client as Client).of(configMaps).get("x", "a")).resolves.toMatchObject({ metadata: { name: "x" } });
  });
});
