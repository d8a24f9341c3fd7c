import { describe, expect, it } from "vitest";
import { anonymous } from "../authentication/user.ts";
import type { HttpRequest, HttpResponse } from "../types.ts";
import { Health } from "./health.ts";
import { createHealthChecks, type HealthSubjects } from "./health-checks.ts";
import { RequestContext } from "./request-context.ts";
import { parseRequestInfo } from "./request-info.ts";
import { SharedWork } from "./shared-work.ts";

const well: HealthSubjects = {
  readStore: async () => undefined,
  finished: new Set([
    "start-system-namespaces-controller",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "kube-apiserver-autoregistration",
    "start-kubernetes-service-cidr-controller",
    "bootstrap-controller",
    "start-cluster-authentication-info-controller",
    "start-legacy-token-tracking-controller",
  ] as const),
  follows: { cache: () => true, customResources: () => true, aggregation: () => true, flowControl: () => true },
  missingApiServices: () => [],
  admissionPlugins: () => 1,
  stopping: () => false,
};

async function ask(subjects: Partial<HealthSubjects>, url: string): Promise<{ code: number; text: string } | false> {
  const health = new Health(createHealthChecks({ ...well, ...subjects }));
  const answer = { code: 0, text: "" };
  const response = {
    headersSent: false,
    destroyed: false,
    writeHead: (code: number) => {
      answer.code = code;
    },
    end: (bytes: Buffer) => {
      answer.text = bytes.toString();
    },
  };
  const request = { method: "GET", headers: {} };
  const context = new RequestContext({
    request: request as HttpRequest,
    response: response as unknown as HttpResponse,
    info: parseRequestInfo("GET", url),
    user: anonymous,
    work: new SharedWork(),
  });
  return (await health.handle(context)) && answer;
}

describe("health", () => {
  it("is ok, and in detail names every check as upstream", async () => {
    expect(await ask({}, "/livez")).toEqual({ code: 200, text: "ok" });
    const answer = await ask({}, "/readyz?verbose");
    const lines = answer ? answer.text.split("\n") : [];
    expect(lines).toEqual(
      expect.arrayContaining([
        "[+]ping ok",
        "[+]etcd ok",
        "[+]etcd-readiness ok",
        "[+]informer-sync ok",
        "[+]poststarthook/rbac/bootstrap-roles ok",
        "[+]autoregister-completion ok",
        "[+]shutdown ok",
        "readyz check passed",
      ]),
    );
  });

  it.each<[string, Partial<HealthSubjects>, string]>([
    [
      "etcd",
      { readStore: () => Promise.reject(new Error("disk I/O error")) },
      "internal server error: disk I/O error\n",
    ],
    ["poststarthook/rbac/bootstrap-roles", { finished: new Set() }, "internal server error: not finished\n"],
    ["shutdown", { stopping: () => true }, "internal server error: process is shutting down\n"],
  ])("tells of a failing %s, whose reason only its own path gives", async (name, subjects, reason) => {
    const all = await ask(subjects, "/readyz");
    expect(all).toMatchObject({ code: 500, text: expect.stringContaining(`[-]${name} failed: reason withheld\n`) });
    expect(all).toMatchObject({ text: expect.stringMatching(/readyz check failed\n$/) });
    expect(await ask(subjects, `/readyz/${name}`)).toEqual({ code: 500, text: reason });
  });

  it("leaves out what is excluded, and says what cannot be", async () => {
    const subjects = { readStore: () => Promise.reject(new Error("gone")) };
    const answer = await ask(subjects, "/livez?verbose&exclude=etcd&exclude=nothing");
    expect(answer).toMatchObject({ code: 200, text: expect.stringContaining("[+]etcd excluded: ok\n") });
    expect(answer).toMatchObject({
      text: expect.stringContaining('warn: some health checks cannot be excluded: no matches for "nothing"\n'),
    });
  });

  it("knows no other paths", async () => {
    expect(await ask({}, "/livez/nothing")).toBe(false);
    expect(await ask({}, "/livez/shutdown")).toBe(false);
    expect(await ask({}, "/api")).toBe(false);
  });
});
