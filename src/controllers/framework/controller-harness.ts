/** For tests: runs one controller against a fake API on a fake clock. */

import { createFakeApi, type FakeApi } from "../../client/testing/fake-api.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import type { Controller } from "./define-controller.ts";

export interface Harness {
  readonly api: FakeApi;
  readonly clock: FakeClock;
  /** Events recorded: `Normal Reason message`. */
  readonly events: string[];
  /** Lets the controller work; `ms` of clock time pass. Default 20, enough for a few retries. */
  settle(ms?: number): Promise<void>;
}

export async function startController(
  controller: Controller,
  signal: AbortSignal,
  prepare?: (api: FakeApi) => Promise<void>,
): Promise<Harness> {
  const clock = new FakeClock();
  const api = createFakeApi(clock);
  const events: string[] = [];
  await prepare?.(api);
  const recorder = {
    event: (_: unknown, type: string, reason: string, message: string) =>
      void events.push(`${type} ${reason} ${message}`),
  };
  await controller.start({ ...api, clock, recorderFor: () => recorder }, signal);
  return {
    api,
    clock,
    events,
    async settle(ms = 20) {
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
      if (ms > 0) await clock.advance(ms);
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
