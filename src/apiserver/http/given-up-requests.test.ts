import { once } from "node:events";
import { connect } from "node:http2";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";
import type { HttpResponse } from "../types.ts";
import { isGone } from "./respond.ts";

let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
});

afterAll(async () => {
  client.close();
  await server.stop();
});

it("takes a stream that is closed for gone before it is destroyed, since answering it would throw", () => {
  const closed = { stream: { destroyed: false, closed: true } };
  expect(isGone(closed as unknown as HttpResponse)).toBe(true);
});

/** Streams whose bodies never come, given up with `code` before and after the answer. */
it.each([0, 2, 8])("outlives requests that are given up with code %i", async (code) => {
  const { ca, admin } = server.pki;
  const session = connect(server.url, { ca, cert: admin.certificate, key: admin.privateKey });
  const open = (path: string, headers: object = {}) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/json",
      ...headers,
    });
    stream.on("error", () => undefined);
    stream.resume();
    return stream;
  };
  const streams = Array.from({ length: 20 }, () => open("/api/v1/namespaces"));
  for (const stream of streams) stream.write("{");
  const answered = [
    open("/api/v1/nothing"),
    open("/api/v1/namespaces", { "content-length": "999999999" }),
    open("/api/v1/namespaces?timeout=20ms", { "content-length": "100000" }),
  ];
  const codes = await Promise.all(answered.map(async (stream) => (await once(stream, "response"))[0][":status"]));
  expect(codes).toEqual([404, 413, 504]);
  // The server ends them, though their bodies never came.
  await Promise.all(answered.map(async (stream) => stream.closed || (await once(stream, "close"))));
  for (const stream of streams) stream.close(code);
  await Promise.all(streams.map(async (stream) => stream.closed || (await once(stream, "close"))));
  const waiting = Array.from({ length: 8 }, () => open("/api/v1/namespaces", { "content-length": "2900000" }));
  for (const stream of waiting) stream.write(Buffer.alloc(60_000, " "));
  await client.get("/readyz");
  for (const stream of waiting.slice(0, 4)) stream.close(code);
  await client.get("/readyz");
  session.destroy();
  await client.get("/readyz");
  expect((await client.get("/readyz")).code).toBe(200);
});
