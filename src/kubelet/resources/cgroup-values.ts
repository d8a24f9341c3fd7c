/** Numbers for the kernel's CPU and memory controllers, in the units of cgroup v1; pure. */
import { podQosClass } from "../../kinds/core/pod/quality-of-service.ts";
import type { Container, Pod } from "../../kinds/generated/core-v1.ts";
import type { LinuxContainerResources } from "../cri/generated/messages.ts";
import { oomScoreAdjust } from "./out-of-memory-score.ts";
import { amountOf, limitDeclared, podLimits, podRequests } from "./pod-resources.ts";

/** Microseconds. */
export const quotaPeriod = 100_000;
const minimumQuota = 1000;
const minimumShares = 2;
const maximumShares = 262_144;

export function cpuShares(milliCpu: number): number {
  return Math.min(maximumShares, Math.max(minimumShares, Math.trunc((milliCpu * 1024) / 1000)));
}

/** 0: no limit. */
export function cpuQuota(milliCpu: number): number {
  if (milliCpu === 0) return 0;
  return Math.max(minimumQuota, Math.trunc((milliCpu * quotaPeriod) / 1000));
}

/** The weight of cgroup v2 for shares of v1, as OCI runtimes convert them. */
export function cpuWeight(shares: number): number {
  return shares === 0 ? 0 : 1 + Math.trunc(((shares - 2) * 9999) / 262_142);
}

export interface CgroupLimits {
  readonly cpuShares: number;
  /** Microseconds in each period; undefined: not set, -1: no limit. */
  readonly cpuQuota?: number;
  /** Bytes; undefined: not set. */
  readonly memory?: number;
  readonly pids?: number;
}

/** Of the group that holds all containers of a pod. */
export function podCgroupLimits(pod: Pod): CgroupLimits {
  const requests = podRequests(pod);
  const limits = podLimits(pod);
  const qos = podQosClass(pod.spec);
  if (qos === "BestEffort") return { cpuShares: minimumShares };
  const shares = cpuShares(requests["cpu"] ?? limits["cpu"] ?? 0);
  const cpuLimited = qos === "Guaranteed" || limitDeclared(pod, "cpu");
  const memoryLimited = qos === "Guaranteed" || limitDeclared(pod, "memory");
  return {
    cpuShares: shares,
    ...(cpuLimited ? { cpuQuota: cpuQuota(limits["cpu"] ?? 0) || -1 } : {}),
    ...(memoryLimited ? { memory: limits["memory"] ?? 0 } : {}),
  };
}

/**
 * Which of `cpu` and `memory` the kernel holds the container to other values than its spec says. Where the runtime does
 * not tell, none.
 */
export function resourceChanges(
  pod: Pod,
  container: Container,
  status: { readonly resources: LinuxContainerResources | undefined },
): string[] {
  const actual = status.resources;
  if (actual === undefined) return [];
  const wanted = containerResources(pod, container, 1);
  const changes: string[] = [];
  const quota = (value: number | undefined): number => Math.max(0, value ?? 0);
  if ((actual.cpuShares ?? 0) !== (wanted.cpuShares ?? 0) || quota(actual.cpuQuota) !== quota(wanted.cpuQuota)) {
    changes.push("cpu");
  }
  if (quota(actual.memoryLimitInBytes) !== quota(wanted.memoryLimitInBytes)) changes.push("memory");
  return changes;
}

export function containerResources(pod: Pod, container: Container, memoryCapacity: number): LinuxContainerResources {
  const { requests, limits } = container.resources ?? {};
  const request = requests?.["cpu"] ?? limits?.["cpu"] ?? "0";
  const cpuLimit = amountOf("cpu", limits?.["cpu"] ?? "0");
  const memoryLimit = amountOf("memory", limits?.["memory"] ?? "0");
  return {
    cpuShares: cpuShares(amountOf("cpu", request)),
    cpuPeriod: quotaPeriod,
    cpuQuota: cpuQuota(cpuLimit),
    oomScoreAdj: oomScoreAdjust(pod, container, memoryCapacity),
    ...(memoryLimit > 0 ? { memoryLimitInBytes: memoryLimit, memorySwapLimitInBytes: memoryLimit } : {}),
  };
}
