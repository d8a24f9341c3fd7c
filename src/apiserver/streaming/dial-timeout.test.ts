import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { withDialTimeout } from "./dial-timeout.ts";

it("ends what cannot be dialled, and leaves what is connected alone", async () => {
  // Looking the name up never comes to an end.
  const mute = withDialTimeout(request({ host: "a", lookup: () => undefined }), 20);
  const [error] = await once(mute, "error");
  expect(error.message).toBe("dial tcp: i/o timeout");

  const server = createServer((_request, response) => setTimeout(() => response.end(), 100));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connected = withDialTimeout(request({ host: "127.0.0.1", port }), 20).end();
  const [response] = await once(connected, "response");
  expect(response.statusCode).toBe(200);
  response.resume();
  server.close();
});
