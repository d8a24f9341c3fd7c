/**
 * Leader election over a Lease, after client-go: one of several processes holds the lease and renews it; another takes
 * it over when it has not been renewed for its duration, measured on the observer's own clock.
 */

import type { Lease } from "../kinds/generated/coordination-v1.ts";
import { type Clock, formatMicroTime, systemClock } from "../lib/clock.ts";
import { createLogger } from "../lib/log.ts";
import { StatusError } from "../machinery/errors/status-error.ts";
import { leases } from "./resources.ts";
import type { Client } from "./types.ts";

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  /** Unique among the candidates. */
  readonly identity: string;
  /** Milliseconds; defaults are upstream's 15 s, 10 s and 2 s. */
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
  readonly clock?: Clock;
  /** Runs while this process leads; its signal aborts when the lease is lost or the election ends. */
  lead(signal: AbortSignal): Promise<void>;
}

interface Observation {
  record: string;
  at: number;
}

const log = createLogger("leader-election");

/** Competes until `signal` aborts or the lease is lost (which rejects); gives the lease up on an orderly end. */
export async function runLeaderElection(options: LeaderElectionOptions, signal: AbortSignal): Promise<void> {
  const { clock = systemClock, retryPeriodMs = 2_000, renewDeadlineMs = 10_000 } = options;
  const observation: Observation = { record: "", at: 0 };
  while (!(await tryAcquireOrRenew(options, clock, observation))) await clock.sleep(retryPeriodMs, signal);
  const leading = new AbortController();
  const stop = (): void => leading.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  let ended = false;
  const led = options.lead(leading.signal).finally(() => {
    ended = true;
  });
  try {
    let renewedAt = clock.now();
    while (!signal.aborted && !ended) {
      await Promise.race([clock.sleep(retryPeriodMs, leading.signal).catch(() => undefined), led]);
      if (signal.aborted || ended) break;
      if (await tryAcquireOrRenew(options, clock, observation)) renewedAt = clock.now();
      else if (clock.now() - renewedAt > renewDeadlineMs) {
        throw new Error(`leader election lost: ${options.namespace}/${options.name}`);
      }
    }
    await release(options, clock);
  } finally {
    signal.removeEventListener("abort", stop);
    leading.abort(new Error("leader election ended"));
    await led;
  }
}

async function tryAcquireOrRenew(
  options: LeaderElectionOptions,
  clock: Clock,
  observation: Observation,
): Promise<boolean> {
  const { client, namespace, name, identity, leaseDurationMs = 15_000 } = options;
  const now = formatMicroTime(clock.now());
  const wanted = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000), renewTime: now };
  try {
    const lease = await getLease(options);
    if (lease === undefined) {
      const spec = { ...wanted, acquireTime: now, leaseTransitions: 0 };
      await client.of(leases).create({ metadata: { name, namespace }, spec });
      return true;
    }
    const record = JSON.stringify(lease.spec ?? {});
    if (record !== observation.record) Object.assign(observation, { record, at: clock.now() });
    const mine = lease.spec?.holderIdentity === identity;
    const held = Boolean(lease.spec?.holderIdentity) && clock.now() < observation.at + leaseDurationMs;
    if (!mine && held) return false;
    const transitions = (lease.spec?.leaseTransitions ?? 0) + (mine ? 0 : 1);
    const acquireTime = mine ? lease.spec?.acquireTime : now;
    await client.of(leases).update({ ...lease, spec: { ...wanted, acquireTime, leaseTransitions: transitions } });
    return true;
  } catch (error) {
    log.debug("lease was not acquired", { name, error });
    return false;
  }
}

async function getLease({ client, namespace, name }: LeaderElectionOptions): Promise<Lease | undefined> {
  try {
    return await client.of(leases).get(name, namespace);
  } catch (error) {
    if (error instanceof StatusError && error.code === 404) return undefined;
    throw error;
  }
}

/** Lets the next candidate in without waiting for the lease to run out. */
async function release(options: LeaderElectionOptions, clock: Clock): Promise<void> {
  try {
    const lease = await getLease(options);
    if (lease?.spec?.holderIdentity !== options.identity) return;
    const spec = {
      ...lease.spec,
      holderIdentity: "",
      leaseDurationSeconds: 1,
      renewTime: formatMicroTime(clock.now()),
    };
    await options.client.of(leases).update({ ...lease, spec });
  } catch (error) {
    log.debug("lease was not released", { name: options.name, error });
  }
}
