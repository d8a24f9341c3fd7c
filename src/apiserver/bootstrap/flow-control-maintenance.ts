import { isDeepStrictEqual } from "node:util";
import { flowSchemas, isMandatory, priorityLevelConfigurations } from "../../kinds/flowcontrol/bootstrap-objects.ts";
import type { PriorityLevelConfigurationSpec } from "../../kinds/generated/flowcontrol-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { ensureObject, type ObjectAccess } from "./ensure-object.ts";

const group = "flowcontrol.apiserver.k8s.io";
const annotation = "apf.kubernetes.io/autoupdate-spec";
const periodMs = 60_000;

/**
 * Creates the default objects of priority and fairness that are missing, puts back the specs of mandatory ones and of those
 * whose annotation asks for it, and deletes defaults of other releases, as upstream's ensurer. Idempotent.
 */
export async function ensureFlowControl(parts: ObjectAccess): Promise<void> {
  await Promise.all([
    ensureAll(parts, "prioritylevelconfigurations", priorityLevelConfigurations()),
    ensureAll(parts, "flowschemas", flowSchemas()),
  ]);
}

/** Does so every minute from now on. Returns how to stop. */
export function maintainFlowControl(parts: ObjectAccess & { readonly clock: Clock; readonly log: Logger }): () => void {
  const abort = new AbortController();
  const run = async (): Promise<void> => {
    for (;;) {
      await parts.clock.sleep(periodMs, abort.signal);
      await ensureFlowControl(parts).catch((error: unknown) => {
        if (!abort.signal.aborted) parts.log.warn("cannot maintain flow control, trying again", { error });
      });
    }
  };
  run().catch((error: unknown) => {
    if (!abort.signal.aborted) parts.log.error("maintenance of flow control ended", { error });
  });
  return () => abort.abort();
}

async function ensureAll(parts: ObjectAccess, plural: string, wanted: UnknownObject[]): Promise<void> {
  const names = new Set(wanted.map(({ metadata }) => metadata?.name));
  const unwanted = parts.reader
    .list<UnknownObject>(group, plural)
    .filter(({ metadata }) => !names.has(metadata?.name) && isTrue(metadata?.annotations?.[annotation]));
  await Promise.all([
    // One that is deleted meanwhile is made the next time.
    ...wanted.map((one) => ignoreNotFound(ensureObject(parts, plural, one, revise))),
    ...unwanted.map(({ metadata }) => ignoreNotFound(parts.writer.delete(group, plural, "", metadata?.name ?? ""))),
  ]);
}

/** The object as it should be; undefined where it is. */
export function revise(stored: UnknownObject, wanted: UnknownObject): UnknownObject | undefined {
  const value = stored.metadata?.annotations?.[annotation];
  const updates = isMandatory(wanted) || (isBoolean(value) ? isTrue(value) : stored.metadata?.generation === 1);
  const annotated = isBoolean(value) && isTrue(value) === updates;
  const same = !updates || isDeepStrictEqual(stored["spec"], expectedSpec(stored, wanted));
  if (annotated && same) return undefined;
  const annotations = { ...stored.metadata?.annotations, ...(annotated ? {} : { [annotation]: String(updates) }) };
  return {
    ...stored,
    metadata: { ...stored.metadata, annotations },
    ...(same ? {} : { spec: structuredClone(wanted["spec"]) }),
  };
}

/** The shares of the exempt level are the owner's. */
function expectedSpec({ spec: stored }: UnknownObject, { spec: wanted }: UnknownObject): unknown {
  const { exempt } = (stored ?? {}) as PriorityLevelConfigurationSpec;
  const { exempt: fixed } = (wanted ?? {}) as PriorityLevelConfigurationSpec;
  return exempt === undefined || fixed === undefined ? wanted : { ...(wanted as object), exempt };
}

/** What Go's strconv.ParseBool takes. */
const trueTexts: readonly (string | undefined)[] = ["1", "t", "T", "true", "TRUE", "True"];
const falseTexts: readonly (string | undefined)[] = ["0", "f", "F", "false", "FALSE", "False"];
const isTrue = (value: string | undefined): boolean => trueTexts.includes(value);
const isBoolean = (value: string | undefined): boolean => isTrue(value) || falseTexts.includes(value);
