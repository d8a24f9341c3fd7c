import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { HttpProblem } from "./container-lookup.ts";
import { sendNodeLogs } from "./node-logs.ts";

const folder = mkdtempSync(join(tmpdir(), "mini-node-logs-"));
const logs = join(folder, "log");
const server = createServer((request, response) => {
  sendNodeLogs(logs, decodeURIComponent(request.url ?? "").slice("/logs".length), response).catch((error: unknown) => {
    response.writeHead(error instanceof HttpProblem ? error.code : 500).end();
  });
});
beforeAll(async () => {
  mkdirSync(join(logs, "pods"), { recursive: true });
  writeFileSync(join(logs, "a<b.log"), "hello\n");
  writeFileSync(join(folder, "secret"), "not a log");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const ask = (path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);

it("lists folders and sends files", async () => {
  expect(await (await ask("/logs/")).text()).toBe(
    '<!doctype html>\n<pre>\n<a href="a%3Cb.log">a&lt;b.log</a>\n<a href="pods/">pods/</a>\n</pre>\n',
  );
  expect(await (await ask("/logs/a%3Cb.log")).text()).toBe("hello\n");
  expect((await ask("/logs/pods")).url).toMatch(/\/logs\/pods\/$/);
});

it.each(["/logs/none", "/logs/%2e%2e/secret", "/logs/..%2fsecret", "/logs/a%3Cb.log/"])("has no %s", async (path) => {
  expect((await ask(path)).status).toBe(404);
});
