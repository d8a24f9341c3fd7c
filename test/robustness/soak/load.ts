/**
 * What a small team does to its cluster all day: every round a namespace with a Deployment, a Service and a ConfigMap,
 * a rollout by apply, lists, exec and logs, and the namespace goes again; two watches see all of it.
 */
import { deployments, namespaces, pods } from "../../../src/client/resources.ts";
import type { Client } from "../../../src/client/types.ts";
import { StatusError } from "../../../src/machinery/errors/status-error.ts";
import { type ScenarioCluster, testImage } from "../cluster.ts";

export interface LoadCounts {
  rounds: number;
  /** Events that the watches saw. */
  events: number;
  failures: number;
}

const patienceMs = 180_000;

export interface RoundOptions {
  readonly cluster: ScenarioCluster;
  readonly client: Client;
  readonly number: number;
  readonly signal: AbortSignal;
}

export async function runRound({ cluster, client, number, signal }: RoundOptions): Promise<void> {
  const namespace = `soak-${number}`;
  await client.of(namespaces).create({ metadata: { name: namespace } });
  await client.request("POST", `/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name: "settings" },
    data: { round: String(number), filling: "x".repeat(2000) },
  });
  await client.request("POST", `/api/v1/namespaces/${namespace}/services`, {
    metadata: { name: "web" },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await applyDeployment(client, namespace, "one");
  await rolledOut(client, namespace, signal);
  const [pod] = (await client.of(pods).list({ namespace, labelSelector: "app=web" })).items;
  const name = pod?.metadata?.name ?? "";
  await cluster.cli.kubectl("newest", ["-n", namespace, "exec", name, "--", "hostname"]);
  await cluster.cli.kubectl("newest", ["-n", namespace, "logs", name]);
  await applyDeployment(client, namespace, "two");
  await rolledOut(client, namespace, signal);
  await cluster.cli.kubectl("newest", ["get", "pods,deployments,services,events", "-A"]);
  await client.of(pods).list({ limit: 5 });
  await client.of(namespaces).delete(namespace);
  await eventually(signal, async () => (await findNamespace(client, namespace)) === undefined);
}

async function applyDeployment(client: Client, namespace: string, version: string): Promise<void> {
  const labels = { app: "web" };
  const container = {
    name: "web",
    image: testImage,
    env: [{ name: "VERSION", value: version }],
    command: ["sh", "-c", "echo $VERSION; trap exit TERM; sleep 100000 & wait"],
  };
  const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } };
  const body = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  };
  await client.of(deployments).patch("web", body, { type: "apply", namespace, fieldManager: "soak", force: true });
}

async function rolledOut(client: Client, namespace: string, signal: AbortSignal): Promise<void> {
  await eventually(signal, async () => {
    const { metadata, spec, status } = await client.of(deployments).get("web", namespace);
    const seen = status?.observedGeneration === metadata?.generation;
    const counts = [status?.updatedReplicas, status?.readyReplicas, status?.replicas];
    return seen && counts.every((count) => count === spec?.replicas);
  });
}

async function findNamespace(client: Client, name: string): Promise<unknown> {
  return await client
    .of(namespaces)
    .get(name)
    .catch((error: unknown) => {
      if (error instanceof StatusError && error.status.code === 404) return undefined;
      throw error;
    });
}

async function eventually(signal: AbortSignal, probe: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + patienceMs; !(await probe()); ) {
    signal.throwIfAborted();
    if (Date.now() > deadline) throw new Error(`not within ${patienceMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Watches until the signal aborts; opens the watch again where the server ends it. */
export async function watchAll(client: Client, path: string, counts: LoadCounts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const onEvent = (): void => {
      counts.events++;
    };
    await client.watch(`${path}?watch=true&timeoutSeconds=300`, { signal, onEvent }).catch(() => {
      counts.failures++;
    });
  }
}
