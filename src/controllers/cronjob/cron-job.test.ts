import { afterAll, expect, it } from "vitest";
import { cronJobs, jobs } from "../../client/resources.ts";
import type { CronJob } from "../../kinds/generated/batch-v1.ts";
import { type Harness, startController } from "../framework/controller-harness.ts";
import { cronJobController } from "./cron-job.ts";
import { missedTimes, parseSchedule } from "./schedule.ts";

const stop = new AbortController();
afterAll(() => stop.abort());
const minute = 60_000;

const cronJob = (spec: Partial<CronJob["spec"]> = {}): CronJob => ({
  metadata: { name: "c", namespace: "a" },
  spec: { schedule: "*/5 * * * *", jobTemplate: { spec: { template: {} } }, successfulJobsHistoryLimit: 1, ...spec },
});
const names = ({ api }: Harness): (string | undefined)[] => api.list(jobs).map((job) => job.metadata?.name);
async function complete({ api, settle, clock }: Harness): Promise<void> {
  for (const job of api.list(jobs)) {
    const now = new Date(clock.now()).toISOString();
    const conditions = [{ type: "Complete", status: "True" }];
    await api.client.of(jobs).updateStatus({
      ...job,
      status: { conditions, startTime: job.metadata?.creationTimestamp, completionTime: now },
    });
  }
  await settle();
}

it("starts a Job at each time, once, and keeps some history", async () => {
  const harness = await startController(cronJobController, stop.signal);
  await harness.api.client.of(cronJobs).create(cronJob());
  await harness.settle(4 * minute);
  expect(names(harness)).toEqual([]);
  await harness.settle(2 * minute);
  const first = Math.floor(Date.UTC(2026, 0, 1, 0, 5) / minute);
  expect(names(harness)).toEqual([`c-${first}`]);
  expect(harness.api.get(cronJobs, "c", "a")?.status).toMatchObject({
    lastScheduleTime: "2026-01-01T00:05:00Z",
    active: [{ name: `c-${first}` }],
  });
  await complete(harness);
  await harness.settle(5 * minute);
  await complete(harness);
  expect(names(harness)).toEqual([`c-${first + 5}`]);
  expect(harness.events).toContain(`Normal SawCompletedJob Saw completed job: c-${first}, condition: Complete`);
  expect(harness.events).toContain(`Normal SuccessfulDelete Deleted job c-${first}`);
});

it.each([
  ["Forbid", 1],
  ["Replace", 1],
  ["Allow", 2],
])("concurrency policy %s", async (concurrencyPolicy, count) => {
  const harness = await startController(cronJobController, stop.signal);
  await harness.api.client.of(cronJobs).create(cronJob({ concurrencyPolicy }));
  await harness.settle(11 * minute);
  expect(names(harness)).toHaveLength(count);
  if (concurrencyPolicy === "Forbid") expect(harness.events.join()).toContain("JobAlreadyActive");
});

it("starts nothing while suspended", async () => {
  const harness = await startController(cronJobController, stop.signal);
  await harness.api.client.of(cronJobs).create(cronJob({ suspend: true }));
  await harness.settle(11 * minute);
  expect(names(harness)).toEqual([]);
});

it("finds the latest missed time, in a time zone too", () => {
  const at = (text: string): number => Date.parse(text);
  const daily = parseSchedule("30 3 * * *", "Europe/Berlin");
  expect(daily.next(at("2026-01-01T00:00:00Z"))).toBe(at("2026-01-01T02:30:00Z"));
  const hourly = parseSchedule("@hourly");
  expect(missedTimes(hourly, at("2026-01-01T00:00:00Z"), at("2026-01-01T05:10:00Z"))).toEqual({
    latest: at("2026-01-01T05:00:00Z"),
    tooMany: false,
  });
  expect(missedTimes(hourly, at("2026-01-01T00:00:00Z"), at("2026-01-11T05:10:00Z"))).toEqual({
    latest: at("2026-01-11T05:00:00Z"),
    tooMany: true,
  });
});
