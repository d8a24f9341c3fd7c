import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import { createLogger } from "../../lib/log.ts";
import { parseRequestInfo } from "../http/request-info.ts";
import { FakeObjects } from "../testing/fake-objects.ts";
import { dumpPriorityLevels, dumpQueues, dumpRequests } from "./dump.ts";
import { FlowControl } from "./index.ts";

const group = "flowcontrol.apiserver.k8s.io";
const everything = { verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] };

describe("the dumps of priority and fairness", () => {
  let control: FlowControl;

  beforeEach(async () => {
    const clock = new FakeClock();
    const objects = new FakeObjects();
    const queuing = { queues: 2, handSize: 1, queueLengthLimit: 1 };
    const limited = { nominalConcurrencyShares: 1, lendablePercent: 0, borrowingLimitPercent: 0 };
    objects.put(group, "prioritylevelconfigurations", {
      metadata: { name: "narrow" },
      spec: { type: "Limited", limited: { ...limited, limitResponse: { type: "Queue", queuing } } },
    });
    objects.put(group, "flowschemas", {
      metadata: { name: "alice" },
      spec: {
        priorityLevelConfiguration: { name: "narrow" },
        matchingPrecedence: 900,
        distinguisherMethod: { type: "ByUser" },
        rules: [{ subjects: [{ kind: "User", user: { name: "alice" } }], resourceRules: [everything] }],
      },
    });
    const log = createLogger("test", () => undefined);
    control = new FlowControl({ reader: objects, writer: objects, clock, log, seats: 1 });
    const info = parseRequestInfo("GET", "/apis/apps/v1/namespaces/default/deployments/web/scale");
    const start = () => control.start(info, { username: "alice", groups: ["system:authenticated"] });
    start();
    await clock.advance(1_500);
    // One waits, and one finds the queue full.
    start();
    start();
  });
  afterEach(() => control.close());

  it("show levels", () => {
    expect(dumpPriorityLevels(control.levels())).toBe(
      `PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests
catch-all,         0,            true,   false,       0,               0,                 0,                  0,                0,                0
exempt,            0,            true,   false,       0,               0,                 0,                  0,                0,                0
narrow,            1,            false,  false,       1,               1,                 1,                  1,                0,                0
`,
    );
  });

  it("show queues", () => {
    const [, ...rows] = dumpQueues(control.levels()).trimEnd().split("\n");
    const cells = rows.map((row) => row.split(/, +/));
    expect(cells.map(([name, index]) => `${name} ${index}`)).toEqual(["narrow 0", "narrow 1"]);
    expect(cells.find(([, , pending]) => pending === "1")?.slice(2)).toEqual([
      "1",
      "1",
      "1",
      "1.50000000ss",
      "1",
      "1",
      "0.00300000ss",
    ]);
    expect(cells.find(([, , pending]) => pending === "0")?.slice(2, 6)).toEqual(["0", "0", "0", "0.00000000ss"]);
  });

  it("show requests, and in detail who asks for what", () => {
    const rows = (details: boolean) =>
      dumpRequests(control.levels(), details)
        .trimEnd()
        .split("\n")
        .map((row) => row.split(/, +/));
    const [columns = [], waiting = [], executing = []] = rows(false);
    const queue = waiting[2] ?? "";
    expect(columns).toHaveLength(10);
    expect(waiting).toEqual([
      ...["narrow", "alice", queue, "0", "alice", "2026-01-01T00:00:01.5Z"],
      ...["1", "0", "0s", "0001-01-01T00:00:00Z"],
    ]);
    expect(executing).toEqual([
      ...["narrow", "alice", queue, "-1", "alice", "2026-01-01T00:00:00Z"],
      ...["1", "0", "0s", "2026-01-01T00:00:00Z"],
    ]);
    expect(rows(true).map((row) => row.slice(10))).toEqual([
      ["UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource"],
      ...[1, 2].map(() => [
        ...["alice", "get", "/apis/apps/v1/namespaces/default/deployments/web/scale"],
        ...["default", "web", "apps/v1", "deployments", "scale"],
      ]),
    ]);
  });
});
