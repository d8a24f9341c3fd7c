/**
 * containerd's snapshots, which the Container Runtime Interface does not show: read-only views of what an image holds.
 * A lease of the same name keeps a view, and the layers below it, from containerd's garbage collection.
 */
import { type ContainerdConnection, connectToContainerd, RuntimeError } from "./connection.ts";
import type * as containerd from "./generated/containerd-messages.ts";

export interface SnapshotService {
  /** How to mount the view of that name on the snapshot `parent`; made at the first call. Throws RuntimeError. */
  view(name: string, parent: string): Promise<containerd.Mount[]>;
  /** Idempotent. Throws RuntimeError. */
  remove(name: string): Promise<void>;
}

/** As in the node image's configuration of containerd. */
const snapshotter = "overlayfs";
/** Where the Container Runtime Interface keeps its images and snapshots. */
const namespace = { "containerd-namespace": "k8s.io" };
const timeoutMs = 120_000;
const notFound = 5;
const alreadyExists = 6;

/** Connects at the first call: few nodes need it. */
export function createSnapshotService(socketPath: string, signal: AbortSignal): SnapshotService {
  let connecting: Promise<ContainerdConnection> | undefined;
  const connection = (): Promise<ContainerdConnection> => {
    connecting ??= connectToContainerd(socketPath).then((connected) => {
      signal.addEventListener("abort", () => connected.close(), { once: true });
      return connected;
    });
    return connecting;
  };
  const options = { timeoutMs, metadata: namespace };
  return {
    async view(name, parent) {
      const { call } = await connection();
      const lease = call<containerd.CreateResponse>("leases.v1.Leases", "Create", { id: name }, options);
      await except(alreadyExists, lease);
      const metadata = { ...namespace, "containerd-lease": name };
      const request = { snapshotter, key: name, parent };
      const made = await except(
        alreadyExists,
        call<containerd.ViewSnapshotResponse>("snapshots.v1.Snapshots", "View", request, { timeoutMs, metadata }),
      );
      const { mounts = [] } =
        made ??
        (await call<containerd.MountsResponse>(
          "snapshots.v1.Snapshots",
          "Mounts",
          { snapshotter, key: name },
          options,
        ));
      return mounts;
    },
    async remove(name) {
      const { call } = await connection();
      await except(notFound, call("snapshots.v1.Snapshots", "Remove", { snapshotter, key: name }, options));
      await except(notFound, call("leases.v1.Leases", "Delete", { id: name }, options));
    },
  };
}

/** The result; undefined when the runtime answered with that code. */
async function except<T>(code: number, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === code) return undefined;
    throw error;
  }
}
