import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import type { HttpRequest, HttpResponse } from "../types.ts";
import { PacedRequests } from "./paced-requests.ts";

it("lets one connection begin 32 requests a turn, drops those given up, and holds nobody else up", async () => {
  const served: string[] = [];
  const paced = new PacedRequests(({ url }) => served.push(url ?? ""));
  const [flooding, quiet] = [{}, {}];
  const responses = Array.from({ length: 200 }, () => ({ destroyed: false }));
  const begin = (socket: object, url: string, response: object): void =>
    paced.serve({ socket, url } as unknown as HttpRequest, response as unknown as HttpResponse);
  for (const [index, response] of responses.entries()) begin(flooding, String(index), response);
  begin(quiet, "quiet", { destroyed: false });
  expect(served).toHaveLength(33);
  expect(served.at(-1)).toBe("quiet");
  for (const response of responses.slice(32, 170)) response.destroyed = true;
  await nextTurn();
  expect(served.slice(33)).toEqual(Array.from({ length: 30 }, (_, index) => String(170 + index)));
  begin(flooding, "later", { destroyed: false });
  expect(served.at(-1)).toBe("later");
});
