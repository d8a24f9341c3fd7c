import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import { ensureFlowControl, revise } from "../bootstrap/flow-control-maintenance.ts";
import { parseRequestInfo } from "../http/request-info.ts";
import { FakeObjects } from "../testing/fake-objects.ts";
import { allocate } from "./borrowing.ts";
import { FlowControl } from "./index.ts";
import { RetryAfter } from "./retry-after.ts";

const group = "flowcontrol.apiserver.k8s.io";
const quiet = { debug: ignore, info: ignore, warn: ignore, error: ignore };
function ignore(): void {
  // Nothing to do.
}

const user = (username: string, ...groups: string[]) => ({ username, groups: [...groups, "system:authenticated"] });
const account = (namespace: string, name: string) =>
  user(`system:serviceaccount:${namespace}:${name}`, "system:serviceaccounts", `system:serviceaccounts:${namespace}`);

let clock: FakeClock;
let objects: FakeObjects;
let control: FlowControl;

beforeEach(async () => {
  clock = new FakeClock();
  objects = new FakeObjects();
  await ensureFlowControl({ reader: objects, writer: objects });
  control = new FlowControl({ reader: objects, writer: objects, clock, log: quiet });
});

afterEach(() => control.close());

const start = (who: ReturnType<typeof user>, method = "GET", url = "/api/v1/pods") =>
  control.start(parseRequestInfo(method, url), who);

/** Lets the digest of changed objects and what it writes happen. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

const level = (name: string, limited: object) => ({
  metadata: { name, uid: `${name}-uid` },
  spec: { type: "Limited", limited },
});
const schemaFor = (name: string, to: string, username: string) => ({
  metadata: { name, uid: `${name}-uid` },
  spec: {
    priorityLevelConfiguration: { name: to },
    matchingPrecedence: 900,
    distinguisherMethod: { type: "ByUser" },
    rules: [
      {
        subjects: [{ kind: "User", user: { name: username } }],
        resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }],
      },
    ],
  },
});

describe("classification by the default schemas", () => {
  const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1";
  it.each([
    ["exempt", "exempt", user("kubernetes-admin", "system:masters"), "GET", "/api/v1/pods"],
    ["probes", "exempt", user("anyone"), "GET", "/readyz/etcd"],
    ["system-leader-election", "leader-election", user("system:kube-scheduler"), "PUT", lease],
    ["kube-scheduler", "workload-high", user("system:kube-scheduler"), "DELETE", lease],
    ["system-node-high", "node-high", user("system:node:n1", "system:nodes"), "PATCH", "/api/v1/nodes/n1/status"],
    ["system-node-high", "node-high", user("system:node:n1", "system:nodes"), "PUT", lease],
    ["system-nodes", "system", user("system:node:n1", "system:nodes"), "GET", "/api/v1/pods"],
    ["kube-controller-manager", "workload-high", user("system:kube-controller-manager"), "GET", "/version"],
    ["kube-system-service-accounts", "workload-high", account("kube-system", "coredns"), "GET", "/api/v1/services"],
    ["service-accounts", "workload-low", account("default", "default"), "GET", "/api/v1/services"],
    ["service-accounts", "workload-low", account("kube-system-2", "default"), "GET", "/api/v1/services"],
    ["global-default", "global-default", user("alice"), "GET", "/healthzz"],
    ["catch-all", "catch-all", { username: "nobody", groups: [] }, "GET", "/api"],
  ])("is %s, at level %s", (schema, levelName, who, method, url) => {
    const flow = start(who, method, url);
    expect([flow.schema.name, flow.schema.level.name]).toEqual([schema, levelName]);
  });

  it("gives levels the seats of upstream's defaults", () => {
    const limits = control.renderMetrics().matchAll(/nominal_limit_seats\{priority_level="(.*)"\} (\d+)/g);
    expect(Object.fromEntries([...limits].map(([, name, seats]) => [name, Number(seats)]))).toEqual({
      exempt: 0,
      "catch-all": 13,
      system: 74,
      "node-high": 98,
      "leader-election": 25,
      "workload-high": 98,
      "workload-low": 245,
      "global-default": 49,
    });
  });
});

describe("a level without seats to spare", () => {
  beforeEach(async () => {
    const queuing = { queues: 4, handSize: 2, queueLengthLimit: 2 };
    const narrow = { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, lendablePercent: 0 };
    objects.put(
      group,
      "prioritylevelconfigurations",
      level("strict", { ...narrow, limitResponse: { type: "Reject" } }),
    );
    objects.put(
      group,
      "prioritylevelconfigurations",
      level("patient", { ...narrow, limitResponse: { type: "Queue", queuing } }),
    );
    objects.put(group, "flowschemas", schemaFor("strict", "strict", "alice"));
    objects.put(group, "flowschemas", schemaFor("patient", "patient", "bob"));
    await settled();
  });

  it("rejects, and takes requests again when one is done", () => {
    const running = [1, 2, 3].map(() => start(user("alice")));
    expect(running.map(({ executing }) => executing)).toEqual([true, true, true]);
    expect(running[0]?.schema.uid).toBe("strict-uid");
    const refused = start(user("alice"));
    expect([refused.executing, refused.waiting, refused.retryAfterSeconds]).toEqual([false, false, 1]);
    expect(start(user("bob")).executing).toBe(true);
    running[0]?.finish();
    running[0]?.finish();
    expect(start(user("alice")).executing).toBe(true);
    expect(start(user("alice")).executing).toBe(false);
    const labels = '{flow_schema="strict",priority_level="strict"';
    expect(control.renderMetrics()).toContain(`current_executing_seats${labels}} 3`);
    expect(control.renderMetrics()).toContain(`dispatched_requests_total${labels}} 4`);
    expect(control.renderMetrics()).toContain(`rejected_requests_total${labels},reason="concurrency-limit"} 2`);
  });

  it("makes requests wait, for their turn, their limit or as long as their client is there", async () => {
    const running = [1, 2, 3].map(() => start(user("bob")));
    const [first, second, third, fourth] = [1, 2, 3, 4].map(() => start(user("bob")));
    expect([first?.waiting, second?.waiting, third?.waiting, fourth?.waiting]).toEqual([true, true, true, true]);
    expect(start(user("bob")).waiting).toBe(false);
    let leave = ignore;
    const turns = [
      first?.turn(1000, ignore),
      second?.turn(1000, (gone) => {
        leave = gone;
      }),
      third?.turn(10, ignore),
      fourth?.turn(1000, ignore),
    ];
    leave();
    await clock.advance(20);
    running[0]?.finish();
    running[1]?.finish();
    expect(await Promise.all(turns)).toEqual([true, false, false, true]);
    const text = control.renderMetrics();
    expect(text).toContain(
      'rejected_requests_total{flow_schema="patient",priority_level="patient",reason="time-out"} 2',
    );
    expect(text).toContain(
      'rejected_requests_total{flow_schema="patient",priority_level="patient",reason="queue-full"} 1',
    );
    expect(text).toContain('current_inqueue_requests{flow_schema="patient",priority_level="patient"} 0');
  });

  it("serves what it has when its object goes away, and is gone then", async () => {
    const running = [1, 2, 3].map(() => start(user("bob")));
    const waiting = start(user("bob"));
    const turn = waiting.turn(1000, ignore);
    objects.remove(group, "prioritylevelconfigurations", "", "patient");
    await settled();
    expect(start(user("bob")).schema.name).toBe("global-default");
    for (const one of running) one.finish();
    expect(await turn).toBe(true);
    expect(control.renderMetrics()).toContain('nominal_limit_seats{priority_level="patient"}');
    waiting.finish();
    await settled();
    expect(control.renderMetrics()).not.toContain("patient");
  });

  it("says in the schema's status that its level is there, or not", async () => {
    const condition = () =>
      objects.get<{ status?: { conditions: object[] } }>(group, "flowschemas", "", "strict")?.status?.conditions;
    expect(condition()).toMatchObject([{ type: "Dangling", status: "False", reason: "Found" }]);
    objects.remove(group, "prioritylevelconfigurations", "", "strict");
    await settled();
    expect(condition()).toMatchObject([
      {
        type: "Dangling",
        status: "True",
        reason: "NotFound",
        message:
          'This FlowSchema references the PriorityLevelConfiguration object named "strict" but there is no such object',
      },
    ]);
  });
});

describe("borrowing", () => {
  it("lets a busy level have what idle ones lend, a period later", async () => {
    const current = (): number =>
      Number(/current_limit_seats\{priority_level="global-default"\} (\d+)/.exec(control.renderMetrics())?.[1]);
    const before = current();
    expect(before).toBeLessThan(300);
    const running = Array.from({ length: 400 }, () => start(user("alice")));
    await clock.advance(20_000);
    expect(current()).toBeGreaterThan(before * 2);
    for (const one of running) one.finish();
  });

  it("divides all seats in proportion to the targets, within bounds", () => {
    expect(
      allocate(10, [
        { lower: 0, upper: 100, target: 1 },
        { lower: 0, upper: 100, target: 4 },
      ]),
    ).toEqual([2, 8]);
    const claim = fc
      .tuple(fc.nat({ max: 50 }), fc.nat({ max: 100 }), fc.nat({ max: 100 }))
      .map(([lower, more, over]) => ({ lower, upper: lower + more, target: lower + over }));
    fc.assert(
      fc.property(
        fc.array(claim, { minLength: 1, maxLength: 10 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (claims, part) => {
          const sum = (pick: (one: (typeof claims)[0]) => number): number =>
            claims.reduce((all, one) => all + pick(one), 0);
          const lowest = sum(({ lower }) => lower);
          const total = lowest + part * (sum(({ upper }) => upper) - lowest);
          const shares = allocate(total, claims);
          expect(shares.reduce((all, one) => all + one, 0)).toBeCloseTo(total, 3);
          for (const [index, share] of shares.entries()) {
            expect(share).toBeGreaterThanOrEqual(claims[index]?.lower ?? 0);
            expect(share).toBeLessThanOrEqual(claims[index]?.upper ?? 0);
          }
        },
      ),
    );
  });
});

describe("the default objects", () => {
  it("are maintained as their annotation asks, the mandatory ones always", () => {
    const wanted = {
      metadata: { name: "system", annotations: { "apf.kubernetes.io/autoupdate-spec": "true" } },
      spec: 1,
    };
    const stored = (annotation: string | undefined, generation: number, spec: number, name = "system") => ({
      metadata: {
        name,
        generation,
        annotations: annotation === undefined ? {} : { "apf.kubernetes.io/autoupdate-spec": annotation },
      },
      spec,
    });
    const revised = (one: ReturnType<typeof stored>) => {
      const result = revise(one, { ...wanted, metadata: { ...wanted.metadata, name: one.metadata.name } });
      return result && [result["spec"], result.metadata?.annotations?.["apf.kubernetes.io/autoupdate-spec"]];
    };
    expect(revised(stored("true", 2, 1))).toBeUndefined();
    expect(revised(stored("true", 2, 7))).toEqual([1, "true"]);
    expect(revised(stored("false", 2, 7))).toBeUndefined();
    expect(revised(stored(undefined, 2, 7))).toEqual([7, "false"]);
    expect(revised(stored(undefined, 1, 7))).toEqual([1, "true"]);
    expect(revised(stored("false", 2, 7, "catch-all"))).toEqual([1, "true"]);
  });

  it("of other releases go away, those of users stay", async () => {
    const of = (name: string, value: string | undefined) => ({
      metadata: { name, annotations: value === undefined ? {} : { "apf.kubernetes.io/autoupdate-spec": value } },
    });
    objects.put(group, "flowschemas", of("endpoint-controller", "true"));
    objects.put(group, "flowschemas", of("kept", "false"));
    objects.put(group, "flowschemas", of("own", undefined));
    objects.remove(group, "flowschemas", "", "probes");
    await ensureFlowControl({ reader: objects, writer: objects });
    const names = objects.list(group, "flowschemas").map(({ metadata }) => metadata?.name);
    expect(names).toEqual(expect.arrayContaining(["kept", "own", "probes"]));
    expect(names).not.toContain("endpoint-controller");
  });
});

describe("the advice when to try again", () => {
  it("doubles while many are rejected, and falls when it is quiet", () => {
    const advice = new RetryAfter();
    const seen: number[] = [];
    for (let second = 1; second <= 12; second++) {
      const count = second < 8 ? 50 : 1;
      for (let index = 0; index < count; index++) advice.note(second * 1000);
      seen.push(advice.seconds);
    }
    expect(seen[0]).toBe(1);
    expect(Math.max(...seen)).toBeGreaterThanOrEqual(8);
    for (let second = 60; second < 80; second += 1) advice.note(second * 1000);
    expect(advice.seconds).toBeLessThan(Math.max(...seen));
  });
});
