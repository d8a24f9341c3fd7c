/** Table columns of custom resources: the name, then additionalPrinterColumns or the age. */
import type { CustomResourceColumnDefinition } from "../../kinds/generated/apiextensions-v1.ts";
import type { Column } from "../../machinery/kind.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { humanDuration } from "../../machinery/table/human-duration.ts";
import { findValues } from "./json-path.ts";

const age: CustomResourceColumnDefinition = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const ageDescription = "When the server created the object.";

export function columnsOf(columns: readonly CustomResourceColumnDefinition[] | undefined): Column<UnknownObject>[] {
  const described = columns?.length ? columns : [{ ...age, description: ageDescription }];
  const name: Column<UnknownObject> = {
    name: "Name",
    type: "string",
    format: "name",
    value: ({ metadata }) => metadata?.name ?? "",
  };
  return [name, ...described.map(columnOf)];
}

function columnOf(column: CustomResourceColumnDefinition): Column<UnknownObject> {
  const { name, type, format, priority, jsonPath } = column;
  return {
    name,
    type: type as Column<UnknownObject>["type"],
    ...(format ? { format: format as "name" } : {}),
    ...(priority ? { priority } : {}),
    description: column.description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    value: (object, now) => cell(type, findValues(jsonPath, object), now),
  };
}

function cell(type: string, values: readonly unknown[], now: number): string | number | bigint | boolean | undefined {
  const [value] = values;
  if (value === undefined || value === null) return undefined;
  switch (type) {
    case "string":
      return typeof value === "object" ? JSON.stringify(value) : String(value);
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : typeof value === "bigint" ? value : undefined;
    case "number":
      return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "date":
      return typeof value === "string" ? sinceText(value, now) : undefined;
    default:
      return undefined;
  }
}

function sinceText(time: string, now: number): string {
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? "<invalid>" : humanDuration(now - milliseconds);
}
