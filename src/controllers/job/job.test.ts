import { afterAll, describe, expect, it } from "vitest";
import { jobs, pods } from "../../client/resources.ts";
import type { Job } from "../../kinds/generated/batch-v1.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { type Harness, startController } from "../framework/controller-harness.ts";
import { judgeFailure } from "./failure-policy.ts";
import { formatIndexes, indexOf, parseIndexes } from "./indexes.ts";
import { jobController } from "./job.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const job = (spec: Partial<NonNullable<Job["spec"]>>): Job => ({
  metadata: { name: "j", namespace: "a" },
  spec: {
    completions: 1,
    parallelism: 1,
    backoffLimit: 6,
    selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "x" } },
    template: {
      metadata: { labels: { "batch.kubernetes.io/controller-uid": "x" } },
      spec: { restartPolicy: "Never", containers: [{ name: "c" }] },
    },
    ...spec,
  },
});

/** Ends pods; `phase` decides, undefined leaves a pod running. */
async function finish({ api, settle, clock }: Harness, phase: (pod: Pod) => string | undefined): Promise<void> {
  for (const pod of api.list(pods)) {
    const next = pod.status?.phase === undefined ? phase(pod) : undefined;
    if (next === undefined) continue;
    const finishedAt = new Date(clock.now()).toISOString();
    const containerStatuses = [
      {
        name: "c",
        ready: false,
        restartCount: 0,
        image: "",
        imageID: "",
        state: { terminated: { exitCode: next === "Failed" ? 1 : 0, finishedAt } },
      },
    ];
    await api.client.of(pods).updateStatus({ ...pod, status: { phase: next, containerStatuses } });
  }
  await settle();
}
const statusOf = ({ api }: Harness): NonNullable<Job["status"]> => api.get(jobs, "j", "a")?.status ?? {};
const conditions = (harness: Harness): string[] =>
  (statusOf(harness).conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);

describe("Job controller", () => {
  it("runs so many pods to completion, counting each once", async () => {
    const harness = await startController(jobController, stop.signal);
    await harness.api.client.of(jobs).create(job({ completions: 5, parallelism: 2 }));
    await harness.settle();
    expect(harness.api.list(pods)).toHaveLength(2);
    for (let i = 0; i < 3; i++) await finish(harness, () => "Succeeded");
    expect(harness.api.list(pods)).toHaveLength(5);
    expect(statusOf(harness)).toMatchObject({ succeeded: 5, active: 0, uncountedTerminatedPods: {} });
    expect(conditions(harness)).toEqual(["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]);
    expect(harness.api.list(pods).every((pod) => !pod.metadata?.finalizers?.length)).toBe(true);
    expect(harness.events.at(-1)).toBe("Normal Completed Job completed");
  });

  it("waits longer and longer after failures, and gives up at the limit", async () => {
    const harness = await startController(jobController, stop.signal);
    await harness.api.client.of(jobs).create(job({ backoffLimit: 1 }));
    await harness.settle();
    await finish(harness, () => "Failed");
    expect(harness.api.list(pods)).toHaveLength(1);
    await harness.settle(10_000);
    expect(harness.api.list(pods)).toHaveLength(2);
    await finish(harness, () => "Failed");
    expect(statusOf(harness).failed).toBe(2);
    expect(conditions(harness)).toEqual(["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]);
  });

  it("gives each pod of an Indexed Job its index, and runs every index", async () => {
    const harness = await startController(jobController, stop.signal);
    await harness.api.client.of(jobs).create(job({ completionMode: "Indexed", completions: 3, parallelism: 3 }));
    await harness.settle();
    expect(harness.api.list(pods).map(indexOf).sort()).toEqual([0, 1, 2]);
    const [first] = harness.api.list(pods);
    expect(first?.spec?.hostname).toBe(`j-${indexOf(first as Pod)}`);
    await finish(harness, (pod) => (indexOf(pod) === 1 ? undefined : "Succeeded"));
    expect(statusOf(harness).completedIndexes).toBe("0,2");
    await finish(harness, () => "Succeeded");
    expect(statusOf(harness)).toMatchObject({ completedIndexes: "0-2", succeeded: 3 });
    expect(conditions(harness)).toContain("Complete CompletionsReached");
  });

  it("fails single indexes with backoffLimitPerIndex", async () => {
    const harness = await startController(jobController, stop.signal);
    await harness.api.client
      .of(jobs)
      .create(
        job({ completionMode: "Indexed", completions: 2, parallelism: 2, backoffLimit: 100, backoffLimitPerIndex: 0 }),
      );
    await harness.settle();
    await finish(harness, (pod) => (indexOf(pod) === 0 ? "Failed" : "Succeeded"));
    expect(statusOf(harness)).toMatchObject({ failedIndexes: "0", completedIndexes: "1" });
    expect(conditions(harness)).toContain("Failed FailedIndexes");
  });

  it("stops its pods while suspended", async () => {
    const harness = await startController(jobController, stop.signal);
    await harness.api.client.of(jobs).create(job({ suspend: true }));
    await harness.settle();
    expect(harness.api.list(pods)).toHaveLength(0);
    expect(conditions(harness)).toEqual(["Suspended JobSuspended"]);
    await harness.api.client.of(jobs).patch("j", { spec: { suspend: false } }, { type: "merge", namespace: "a" });
    await harness.settle();
    expect(harness.api.list(pods)).toHaveLength(1);
  });

  it("ends at its deadline", async () => {
    const harness = await startController(jobController, stop.signal);
    await harness.api.client.of(jobs).create(job({ activeDeadlineSeconds: 5 }));
    await harness.settle();
    await harness.settle(6_000);
    expect(conditions(harness)[0]).toBe("FailureTarget DeadlineExceeded");
  });
});

it("judges failures by the first rule that matches", () => {
  const failed = (exitCode: number): Pod => ({
    metadata: { name: "p", namespace: "a" },
    status: {
      phase: "Failed",
      containerStatuses: [
        { name: "c", ready: false, restartCount: 0, image: "", imageID: "", state: { terminated: { exitCode } } },
      ],
    },
  });
  const policy = job({
    podFailurePolicy: {
      rules: [
        { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
        { action: "FailJob", onExitCodes: { operator: "In", values: [42] } },
      ],
    },
  });
  expect(judgeFailure(policy, failed(42))).toEqual({
    action: "FailJob",
    message: "Container c for pod a/p failed with exit code 42 matching FailJob rule at index 1",
  });
  expect(judgeFailure(policy, failed(1)).action).toBe("Count");
});

it.each([
  ["0", [0]],
  ["0,1", [0, 1]],
  ["0-2,4", [0, 1, 2, 4]],
  ["", []],
])("indexes %s", (text, list) => {
  expect([...parseIndexes(text, 10)]).toEqual(list);
  expect(formatIndexes(new Set(list))).toBe(text);
});
