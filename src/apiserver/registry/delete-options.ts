import { builtInSchemas } from "../../kinds/schema-table.ts";
import { decodeProtobuf, protobufMediaType } from "../../machinery/codec/protobuf.ts";
import { parseYaml } from "../../machinery/codec/yaml.ts";
import { badRequest, invalid } from "../../machinery/errors/status-error.ts";
import { parseInt64 } from "../../machinery/parse-int64.ts";
import { conform } from "../../machinery/schema/conform.ts";
import { type ParsedJson, parseJson } from "../../machinery/schema/parse-json.ts";
import { readBody } from "../http/body.ts";
import type { RequestContext } from "../http/request-context.ts";
import { type DeleteOptions, validateDeleteOptions } from "./delete.ts";
import { readBoolean, validateDryRun } from "./request-options.ts";

const schemaName = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

/** DeleteOptions from the body, or from the query where there is none. Rejects with StatusError BadRequest or Invalid. */
export async function decodeDeleteOptions(context: RequestContext): Promise<DeleteOptions> {
  const { request, query } = context;
  const bytes = await readBody(context);
  const options = bytes.length === 0 ? fromQuery(query) : await fromBody(bytes, request.headers["content-type"]);
  if (bytes.length > 0) context.audit?.requestPatch(options);
  validateDeleteOptions(options);
  const errors = validateDryRun(options.dryRun ?? []);
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", errors);
  return options;
}

async function fromBody(bytes: Buffer, contentType = "application/json"): Promise<DeleteOptions> {
  const { value, floats } = await parseBody(bytes, contentType);
  if (typeof value !== "object" || value === null)
    throw badRequest("decoded object cannot be converted to DeleteOptions");
  const { kind = "DeleteOptions" } = value as { kind?: string };
  if (kind !== "DeleteOptions") throw badRequest(`converting (${kind}) to (v1.DeleteOptions): unknown conversion`);
  const { object, errors } = conform(value, builtInSchemas, schemaName, { floats });
  if (errors.length > 0) throw badRequest(errors.join(", "));
  return object as DeleteOptions;
}

async function parseBody(bytes: Buffer, contentType: string): Promise<Pick<ParsedJson, "value" | "floats">> {
  if (contentType.startsWith(protobufMediaType)) {
    return { value: decodeProtobuf(bytes, builtInSchemas, schemaName).object };
  }
  return contentType.startsWith("application/yaml") ? parseYaml(bytes) : parseJson(bytes, { kind: "DeleteOptions" });
}

function fromQuery(query: URLSearchParams): DeleteOptions {
  const options: DeleteOptions = {};
  const grace = query.get("gracePeriodSeconds");
  if (grace !== null) {
    options.gracePeriodSeconds = parseInt64(grace) as number;
  }
  const policy = query.get("propagationPolicy");
  if (policy !== null) options.propagationPolicy = policy;
  const orphan = readBoolean(query, "orphanDependents");
  if (orphan !== undefined) options.orphanDependents = orphan;
  const dryRun = query.getAll("dryRun");
  if (dryRun.length > 0) options.dryRun = dryRun;
  return options;
}
