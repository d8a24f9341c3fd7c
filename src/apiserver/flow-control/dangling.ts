import type { FlowSchema, FlowSchemaCondition } from "../../kinds/generated/flowcontrol-v1.ts";
import { type Clock, formatTime } from "../../lib/clock.ts";
import { isNotFound } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { ObjectWriter } from "../types.ts";

export interface DanglingParts {
  readonly writer: ObjectWriter;
  readonly clock: Clock;
}

/**
 * Says in a FlowSchema's status whether its priority level exists. Undefined where the status says so already; resolves
 * when it is written, or the schema is gone.
 */
export function writeDangling(
  { writer, clock }: DanglingParts,
  schema: FlowSchema,
  exists: boolean,
): Promise<void> | undefined {
  const wanted = conditionOf(schema, exists);
  if (says(schema, wanted)) return undefined;
  const target = {
    group: "flowcontrol.apiserver.k8s.io",
    plural: "flowschemas",
    namespace: "",
    name: schema.metadata?.name ?? "",
    subresource: "status",
  };
  const written = writer.modify(target, (object) => {
    const { status, spec } = object as FlowSchema;
    // A schema that refers elsewhere by now is looked at again.
    if (says({ status }, wanted) || levelOf({ spec }) !== levelOf(schema)) return undefined;
    const others = status?.conditions?.filter(({ type }) => type !== wanted.type) ?? [];
    const condition = { ...wanted, lastTransitionTime: formatTime(clock.now()) };
    return { ...object, status: { ...status, conditions: [...others, condition] } } as UnknownObject;
  });
  return written.then(
    () => undefined,
    (error: unknown) => {
      if (!isNotFound(error)) throw error;
    },
  );
}

function conditionOf(schema: FlowSchema, exists: boolean): FlowSchemaCondition {
  const start = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(levelOf(schema))}`;
  return exists
    ? { type: "Dangling", status: "False", reason: "Found", message: `${start} and it exists` }
    : { type: "Dangling", status: "True", reason: "NotFound", message: `${start} but there is no such object` };
}

function says({ status }: FlowSchema, wanted: FlowSchemaCondition): boolean {
  const found = status?.conditions?.find(({ type }) => type === wanted.type);
  return found?.status === wanted.status && found?.reason === wanted.reason && found?.message === wanted.message;
}

const levelOf = ({ spec }: FlowSchema): string => spec?.priorityLevelConfiguration.name ?? "";
