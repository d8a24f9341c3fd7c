import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { AdmissionOperation, AdmissionPlugin, UserInfo } from "../types.ts";
import type { ServedResource } from "./resources.ts";

/** Who writes what, and how: what every step of a write needs to know. */
export interface WriteRequest {
  readonly resource: ServedResource;
  /** `status`, or empty. */
  readonly subresource: string;
  readonly namespace: string;
  /** Empty on a create whose object says it. */
  readonly name: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** CreateOptions, UpdateOptions, PatchOptions or DeleteOptions, for admission. */
  readonly options: UnknownObject;
  /** Milliseconds since the epoch. */
  readonly now: number;
  warn(message: string): void;
  /** Resolves when long work for the request may go on; undefined for what the server itself writes. */
  readonly nextTurn?: (() => Promise<void>) | undefined;
  /** For the audit event; undefined where there is none. */
  readonly annotate?: ((key: string, value: string) => void) | undefined;
  /** Who owns what is written, in metadata.managedFields. */
  readonly fieldManager?: string;
  /** Whether the object comes from an apply, which has set metadata.managedFields itself. */
  readonly applied?: boolean;
}

export interface AdmittedObjects {
  readonly object: UnknownObject | undefined;
  readonly oldObject: UnknownObject | undefined;
}

export type AdmissionStage = "admit" | "validate";

/** Asks the plug-ins of one stage in their order. Stays synchronous as long as they do. */
export function admit(
  plugins: readonly AdmissionPlugin[],
  stage: AdmissionStage,
  operation: AdmissionOperation,
  write: WriteRequest,
  { object, oldObject }: AdmittedObjects,
): Promise<void> | void {
  const request = {
    operation,
    kind: write.resource.kind,
    subresource: write.subresource,
    namespace: write.namespace,
    name: write.name === "" ? (object?.metadata?.name ?? "") : write.name,
    user: write.user,
    dryRun: write.dryRun,
    object,
    oldObject,
    options: write.options,
    warn: write.warn,
    annotate: write.annotate,
  };
  const from = (start: number): Promise<void> | void => {
    for (let index = start; index < plugins.length; index++) {
      const pending = plugins[index]?.[stage]?.(request);
      if (pending !== undefined) return pending.then(() => from(index + 1));
    }
  };
  return from(0);
}
