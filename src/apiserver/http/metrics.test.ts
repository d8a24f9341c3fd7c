import { expect, it } from "vitest";
import { RequestMetrics } from "./metrics.ts";
import { parseRequestInfo } from "./request-info.ts";

it("counts what is not served as one, whatever labels a client makes up", () => {
  const metrics = new RequestMetrics(
    () => ({}),
    ({ resource }) => resource === "pods",
  );
  const observe = (method: string, url: string): void => metrics.observe(parseRequestInfo(method, url), 404, 0.01);
  for (let index = 0; index < 1000; index++) {
    observe("GET", `/apis/group-${index}/v1/things`);
    observe(`METHOD${index}`, "/");
    observe("GET", `/api/v1/namespaces/default/pods-${index}/a/b"}`);
  }
  observe("GET", "/api/v1/namespaces/default/pods");
  observe("GET", "/version");
  const counters = metrics
    .render()
    .split("\n")
    .filter((line) => line.startsWith("apiserver_request_total"));
  expect(counters).toHaveLength(3);
  expect(counters[0]).toMatch(/group="",resource="",.*verb="",version=""} 3000$/);
  expect(counters[1]).toContain('resource="pods",scope="namespace"');
});
