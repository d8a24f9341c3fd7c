/** The node's heartbeat: its Lease in kube-node-lease, renewed every 10 seconds. */
import { leases } from "../../client/resources.ts";
import type { Client } from "../../client/types.ts";
import type { Lease } from "../../kinds/generated/coordination-v1.ts";
import type { Node } from "../../kinds/generated/core-v1.ts";
import { type Clock, formatMicroTime } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import { StatusError } from "../../machinery/errors/status-error.ts";

const namespace = "kube-node-lease";
const renewMs = 10_000;
const retryMs = 200;
const longestRetryMs = 7000;
const durationSeconds = 40;

export interface HeartbeatInput {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly node: Node;
  readonly signal: AbortSignal;
}

/** Runs until the signal aborts. */
export async function keepLease({ client, clock, log, node, signal }: HeartbeatInput): Promise<void> {
  const resource = client.of(leases);
  const name = node.metadata?.name ?? "";
  let held: Lease | undefined;
  const renew = async (): Promise<void> => {
    const renewTime = formatMicroTime(clock.now());
    const spec = { holderIdentity: name, leaseDurationSeconds: durationSeconds, renewTime };
    if (held === undefined) {
      const uid = node.metadata?.uid ?? "";
      const ownerReferences = [{ apiVersion: "v1", kind: "Node", name, uid }];
      const fresh: Lease = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name, namespace, ownerReferences },
        spec,
      };
      try {
        held = await resource.create(fresh);
        return;
      } catch (error) {
        if (!(error instanceof StatusError) || error.code !== 409) throw error;
        held = await resource.get(name, namespace);
      }
    }
    held = await resource.update({ ...held, spec: { ...held.spec, ...spec } });
  };
  for (let retry = retryMs; !signal.aborted; ) {
    let pause = renewMs;
    try {
      await renew();
      retry = retryMs;
    } catch (error) {
      // The namespace may not be there yet, or someone else wrote the lease.
      log.debug("cannot renew the node's lease", { error: errorChain(error) });
      held = undefined;
      pause = retry;
      retry = Math.min(retry * 2, longestRetryMs);
    }
    await clock.sleep(pause, signal).catch(() => undefined);
  }
}
