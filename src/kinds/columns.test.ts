import { describe, expect, it } from "vitest";
import type { UnknownObject } from "../machinery/meta/object.ts";
import { builtInKinds } from "./index.ts";

const now = Date.UTC(2026, 0, 2, 12, 0, 0);
const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString().replace(".000Z", "Z");

/** The cells of `kubectl get -o wide`, by column name. */
function row(kind: string, object: object, group?: string): Record<string, unknown> {
  const definition = builtInKinds.findLast((one) => one.kind === kind && (group === undefined || one.group === group));
  const whole = { ...object } as UnknownObject;
  whole.metadata = { name: "x", creationTimestamp: ago(90), ...whole.metadata };
  return Object.fromEntries((definition?.columns ?? []).map(({ name, value }) => [name, value(whole, now)]));
}

const containers = (...names: string[]) => names.map((name) => ({ name, image: `${name}:1` }));
const running = { ready: true, restartCount: 0, state: { running: {} } };

describe("the columns of pods", () => {
  const table: [string, object, object][] = [
    [
      "one that runs",
      {
        spec: { containers: containers("a", "b"), nodeName: "n" },
        status: {
          phase: "Running",
          podIPs: [{ ip: "10.0.0.1" }],
          containerStatuses: [
            { name: "a", ...running },
            { name: "b", ...running, ready: false },
          ],
        },
      },
      {
        Ready: "1/2",
        Status: "Running",
        Restarts: "0",
        Age: "90s",
        IP: "10.0.0.1",
        Node: "n",
        "Nominated Node": "<none>",
      },
    ],
    [
      "one that keeps crashing",
      {
        spec: { containers: containers("a") },
        status: {
          phase: "Running",
          containerStatuses: [
            {
              name: "a",
              ready: false,
              restartCount: 3,
              state: { waiting: { reason: "CrashLoopBackOff" } },
              lastState: { terminated: { exitCode: 1, finishedAt: ago(300) } },
            },
          ],
        },
      },
      { Ready: "0/1", Status: "CrashLoopBackOff", Restarts: "3 (5m ago)", IP: "<none>" },
    ],
    [
      "one that is done",
      {
        spec: { containers: containers("a") },
        status: {
          phase: "Succeeded",
          containerStatuses: [{ name: "a", state: { terminated: { exitCode: 0, reason: "Completed" } } }],
        },
      },
      { Ready: "0/1", Status: "Completed" },
    ],
    [
      "one whose containers ended differently",
      {
        spec: { containers: containers("a", "b") },
        status: {
          phase: "Running",
          containerStatuses: [
            { name: "a", state: { terminated: { exitCode: 0, reason: "Completed" } } },
            { name: "b", state: { terminated: { exitCode: 2, reason: "Error" } } },
          ],
        },
      },
      { Status: "Error" },
    ],
    [
      "one at its second init container",
      {
        spec: { containers: containers("a"), initContainers: containers("i", "j") },
        status: {
          phase: "Pending",
          initContainerStatuses: [
            { name: "i", state: { terminated: { exitCode: 0 } } },
            { name: "j", state: { waiting: { reason: "PodInitializing" } } },
          ],
        },
      },
      { Ready: "0/1", Status: "Init:1/2" },
    ],
    [
      "one with a sidecar",
      {
        spec: { containers: containers("a"), initContainers: [{ name: "s", restartPolicy: "Always" }] },
        status: {
          phase: "Running",
          initContainerStatuses: [{ name: "s", ...running, started: true }],
          containerStatuses: [{ name: "a", ...running }],
        },
      },
      { Ready: "2/2", Status: "Running" },
    ],
    [
      "one that is being deleted",
      {
        metadata: { deletionTimestamp: ago(1) },
        spec: { containers: containers("a") },
        status: { phase: "Running", containerStatuses: [{ name: "a", ...running }] },
      },
      { Ready: "1/1", Status: "Terminating" },
    ],
    [
      "one that waits for a gate",
      { status: { phase: "Pending", conditions: [{ type: "PodScheduled", reason: "SchedulingGated" }] } },
      { Status: "SchedulingGated" },
    ],
  ];

  it.each(table)("%s", (_name, pod, expected) => {
    expect(row("Pod", pod)).toMatchObject(expected);
  });
});

describe("the columns of other kinds", () => {
  const selector = { matchLabels: { app: "a" } };
  const template = { spec: { containers: containers("a", "b") } };
  const table: [string, object, object][] = [
    [
      "Deployment",
      {
        spec: { replicas: 3, selector, template },
        status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 },
      },
      { Ready: "2/3", "Up-to-date": 3, Available: 2, Containers: "a,b", Images: "a:1,b:1", Selector: "app=a" },
    ],
    [
      "Service",
      {
        spec: {
          type: "LoadBalancer",
          clusterIPs: ["10.0.0.1"],
          ports: [{ port: 80, nodePort: 30080, protocol: "TCP" }],
        },
      },
      {
        Type: "LoadBalancer",
        "Cluster-IP": "10.0.0.1",
        "External-IP": "<pending>",
        "Port(s)": "80:30080/TCP",
        Selector: "<none>",
      },
    ],
    [
      "Node",
      {
        metadata: { labels: { "node-role.kubernetes.io/control-plane": "" } },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: "Ready", status: "True" }],
          addresses: [{ type: "InternalIP", address: "10.1.0.1" }],
          nodeInfo: { kubeletVersion: "v1.36.3", kernelVersion: "6.12", architecture: "amd64" },
        },
      },
      {
        Status: "Ready,SchedulingDisabled",
        Roles: "control-plane",
        Version: "v1.36.3",
        "Internal-IP": "10.1.0.1",
        "External-IP": "<none>",
        "OS-Image": "<unknown>",
        "Kernel-Version": "6.12 (amd64)",
      },
    ],
    [
      "Job",
      { spec: { completions: 2, selector, template }, status: { succeeded: 1, startTime: ago(65) } },
      { Status: "Running", Completions: "1/2", Duration: "65s" },
    ],
    [
      "PersistentVolumeClaim",
      {
        spec: { volumeName: "v", storageClassName: "s" },
        status: { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } },
      },
      {
        Status: "Bound",
        Volume: "v",
        Capacity: "1Gi",
        "Access Modes": "RWO",
        StorageClass: "s",
        VolumeMode: "<unset>",
      },
    ],
    [
      "EndpointSlice",
      {
        addressType: "IPv4",
        ports: [{ port: 80 }],
        endpoints: [{ addresses: ["1", "2"] }, { addresses: ["3"] }, { addresses: ["4"] }],
      },
      { Ports: "80", Endpoints: "1,2,3 + 1 more..." },
    ],
    ["ConfigMap", { data: { a: "" }, binaryData: { b: "" } }, { Data: 2 }],
    [
      "ResourceQuota",
      { status: { hard: { pods: "5", "limits.cpu": "2" }, used: { pods: "1" } } },
      { Request: "pods: 1/5", Limit: "limits.cpu: 0/2" },
    ],
  ];

  it.each(table)("%s", (kind, object, expected) => {
    expect(row(kind, object)).toMatchObject(expected);
  });

  it("prints events of either form alike", () => {
    const core = {
      involvedObject: { kind: "Pod", name: "p" },
      reason: "Started",
      message: " hi ",
      source: { component: "kubelet", host: "n" },
      firstTimestamp: ago(120),
      lastTimestamp: ago(30),
      count: 4,
    };
    const newer = {
      regarding: core.involvedObject,
      reason: core.reason,
      note: core.message,
      deprecatedSource: core.source,
      deprecatedFirstTimestamp: core.firstTimestamp,
      deprecatedLastTimestamp: core.lastTimestamp,
      deprecatedCount: core.count,
    };
    const expected = {
      "Last Seen": "30s",
      Reason: "Started",
      Object: "pod/p",
      Source: "kubelet, n",
      Message: "hi",
      "First Seen": "2m",
      Count: 4,
    };
    expect(row("Event", core, "")).toMatchObject(expected);
    expect(row("Event", newer, "events.k8s.io")).toMatchObject(expected);
  });
});
