import { encodeProtobuf, typeOfKind } from "../../machinery/codec/protobuf.ts";
import { badRequest, isConflict, methodNotSupported, notAcceptable } from "../../machinery/errors/status-error.ts";
import type { Subresource } from "../../machinery/kind.ts";
import { formatApiVersion, type UnknownObject } from "../../machinery/meta/object.ts";
import { renderTable } from "../../machinery/table/render-table.ts";
import { customScaleHandler } from "../custom-resources/scale.ts";
import { readBody, takeTurn } from "../http/body.ts";
import { contentTypeOf, type OutputForm } from "../http/negotiation.ts";
import type { RequestContext } from "../http/request-context.ts";
import { sendBytes, sendObject } from "../http/respond.ts";
import type {
  AdmissionOperation,
  AdmissionPlugin,
  ObjectReader,
  ObjectWriter,
  SubresourceHandler,
  SubresourceRequest,
  SubresourceResult,
} from "../types.ts";
import { checkPatchOptions, isApply, parseApplyDocument } from "./apply.ts";
import { type DecodeOptions, decodeBody, type ExpectedType } from "./decode-body.ts";
import { outputForm } from "./encoding.ts";
import { applyPatch, type PatchDocument, parsePatch } from "./patch.ts";
import { readBoolean, type WriteOptions, writeOptions } from "./request-options.ts";
import type { ServedResource } from "./resources.ts";
import { admit, type WriteRequest } from "./write-request.ts";

export interface SubresourceCallParts {
  readonly handlers: readonly SubresourceHandler[];
  readonly plugins: readonly AdmissionPlugin[];
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  now(): number;
}

/** Requests for subresources (and virtual resources) that a SubresourceHandler answers. */
export class SubresourceCalls {
  readonly #parts: SubresourceCallParts;
  readonly #handlers = new Map<string, SubresourceHandler>();

  constructor(parts: SubresourceCallParts) {
    this.#parts = parts;
    for (const handler of parts.handlers) {
      this.#handlers.set(keyOf(handler.group, handler.plural, handler.subresource), handler);
    }
  }

  find({ name, kind }: ServedResource, subresource: string): SubresourceHandler | undefined {
    if (subresource === "scale" && kind.scalePaths !== undefined) return customScaleHandler;
    return this.#handlers.get(keyOf(name.group, name.plural, subresource));
  }

  /** Answers the request. Rejects with StatusError. */
  async call(context: RequestContext, resource: ServedResource, handler: SubresourceHandler): Promise<void> {
    if (handler.stream !== undefined) return this.#stream(context, resource, handler);
    if (handler.handle === undefined) throw badRequest("Upgrade request required");
    if (context.info.verb === "patch") return this.#patch(context, resource, handler);
    const options = writeOptions(context.query, optionsKinds[context.info.verb] ?? "CreateOptions");
    const type = bodyType(resource, context.info.subresource);
    const body = await this.#body(context, resource, type);
    if (context.request.method === "PUT") checkNameGiven(context, body);
    const request = this.#request(context, resource, body, options.dryRun);
    await this.#admit(context, resource, operationOf(context.info.verb), { request, handler });
    const transformations = context.info.subresource === "" && resource.kind.verbs.includes("list");
    const form = outputForm(resource, context, { transformations });
    await sendResult(context, resource, await handler.handle(request), form);
  }

  /** What a handler gets of an upgrade request, after admission. */
  async upgradeRequest(context: RequestContext, resource: ServedResource): Promise<SubresourceRequest> {
    const request = this.#request(context, resource, undefined, false);
    await this.#admitConnect(context, resource, request);
    return request;
  }

  /** What admission sees of a connection are its options, from the query. */
  #admitConnect(context: RequestContext, resource: ServedResource, request: SubresourceRequest): Promise<void> {
    const options = connectOptions(context, resource);
    return this.#admit(context, resource, "CONNECT", { request: { ...request, body: options } });
  }

  async #stream(context: RequestContext, resource: ServedResource, handler: SubresourceHandler): Promise<void> {
    const request = this.#request(context, resource, undefined, false);
    if (context.info.subresource !== "log") await this.#admitConnect(context, resource, request);
    await handler.stream?.(request, context.response);
  }

  async #patch(context: RequestContext, resource: ServedResource, handler: SubresourceHandler): Promise<void> {
    const options = writeOptions(context.query, "PatchOptions");
    const decode = {
      contentType: context.request.headers["content-type"],
      fieldValidation: options.fieldValidation,
      warn: context.warn,
    };
    const patch = await subresourcePatch(context, options, decode);
    context.audit?.requestPatch(patch.value);
    const type = bodyType(resource, context.info.subresource);
    const withVerb = (verb: string, body: UnknownObject | undefined): SubresourceRequest => ({
      ...this.#request(context, resource, body, options.dryRun),
      info: { ...context.info, verb },
    });
    const form = outputForm(resource, context, { transformations: false });
    const nextTurn = (): Promise<void> => takeTurn(context);
    const attempt = async (): Promise<SubresourceResult> => {
      const current = await handler.handle?.(withVerb("get", undefined));
      if (current === undefined || type === undefined) throw methodNotSupported(resource.name, "patch");
      const request = withVerb("update", await applyPatch(patch, current.object, type, { ...decode, nextTurn }));
      await this.#admit(context, resource, "UPDATE", { request, handler });
      return (await handler.handle?.(request)) as SubresourceResult;
    };
    await sendResult(context, resource, await retryOnConflict(attempt), form);
  }

  async #body(
    context: RequestContext,
    resource: ServedResource,
    type: ExpectedType | undefined,
  ): Promise<UnknownObject | undefined> {
    const { method, headers } = context.request;
    if (method !== "POST" && method !== "PUT") return undefined;
    const bytes = await readBody(context);
    if (type === undefined && bytes.length === 0) return undefined;
    if (type === undefined) throw badRequest(`${resource.kind.kind} takes no body here`);
    const { fieldValidation } = writeOptions(context.query, "CreateOptions");
    const decode = { contentType: headers["content-type"], fieldValidation, warn: context.warn };
    const body = await decodeBody(bytes, type, decode);
    context.audit?.requestObject(body);
    return body;
  }

  #request(
    { request, info, user, warn, audit }: RequestContext,
    { kind }: ServedResource,
    body: UnknownObject | undefined,
    dryRun: boolean,
  ): SubresourceRequest {
    const { reader, writer } = this.#parts;
    return { request, info, user, kind, reader, writer, body, dryRun, warn, annotate: audit?.annotate };
  }

  async #admit(
    context: RequestContext,
    resource: ServedResource,
    operation: AdmissionOperation | undefined,
    { request, handler }: Admitted,
  ): Promise<void> {
    if (operation === undefined) return;
    const { body, dryRun } = request;
    const { subresource, namespace, name } = context.info;
    const { user, warn, audit } = context;
    const now = this.#parts.now();
    const subject = { resource, subresource, namespace, name, user, dryRun };
    const write: WriteRequest = { ...subject, options: {}, now, warn, annotate: audit?.annotate };
    // Of those that take the kind itself (resize, approval), plug-ins compare with what is stored.
    const { group, plural } = resource.name;
    const oldObject =
      operation === "UPDATE" && body?.kind === resource.kind.kind
        ? this.#parts.reader.get<UnknownObject>(group, plural, namespace, name)
        : undefined;
    await admit(this.#parts.plugins, "admit", operation, write, { object: body, oldObject });
    const object = oldObject === undefined ? body : (handler?.merge?.(request, oldObject) ?? body);
    await admit(this.#parts.plugins, "validate", operation, write, { object, oldObject });
  }
}

interface Admitted {
  readonly request: SubresourceRequest;
  readonly handler?: SubresourceHandler;
}

/** A patch that names no resourceVersion is made again when somebody else wrote in between, as often as upstream does. */
/** Throws StatusError BadRequest where a body names another object than the path. */
function checkNameGiven({ info }: RequestContext, body: UnknownObject | undefined): void {
  const { name = "", namespace = "" } = body?.metadata ?? {};
  if (name !== "" && name !== info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  }
  if (namespace !== "" && info.resource !== "namespaces" && namespace !== info.namespace) {
    throw badRequest(
      `the namespace of the object (${namespace}) does not match the namespace on the request (${info.namespace})`,
    );
  }
}

async function retryOnConflict<T>(attempt: () => Promise<T>, retries = 5): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (retries === 0 || !isConflict(error)) throw error;
    return retryOnConflict(attempt, retries - 1);
  }
}

/** What is applied to a subresource with behaviour of its own (scale) is merged; its fields get no owner. */
async function subresourcePatch(
  context: RequestContext,
  options: WriteOptions,
  decode: DecodeOptions,
): Promise<PatchDocument> {
  const apply = isApply(context.request);
  checkPatchOptions(options, apply);
  const bytes = await readBody(context);
  if (!apply) return parsePatch(bytes, decode);
  return { type: "application/merge-patch+json", value: (await parseApplyDocument(bytes)).configuration };
}

/** `PodExecOptions` and the like. */
function connectOptions({ info, query }: RequestContext, { kind }: ServedResource): UnknownObject | undefined {
  const declared = kind.subresources.find(({ name }) => name === info.subresource)?.kind;
  if (declared === undefined || !declared.kind.endsWith("Options")) return undefined;
  const options: UnknownObject = { kind: declared.kind, apiVersion: formatApiVersion(declared) };
  for (const key of ["stdin", "stdout", "stderr", "tty"]) {
    if (query.has(key)) options[key] = readBoolean(query, key);
  }
  const container = query.get("container");
  if (container !== null) options["container"] = container;
  if (query.has("command")) options["command"] = query.getAll("command");
  if (declared.kind.endsWith("ProxyOptions") && info.subpath !== "") options["path"] = `/${info.subpath}`;
  return options;
}

const keyOf = (group: string, plural: string, subresource: string): string => `${group}/${plural}/${subresource}`;
const optionsKinds: Readonly<Record<string, string>> = { create: "CreateOptions", update: "UpdateOptions" };

function operationOf(verb: string): AdmissionOperation | undefined {
  if (verb === "create") return "CREATE";
  return verb === "update" ? "UPDATE" : undefined;
}

async function sendResult(
  context: RequestContext,
  resource: ServedResource,
  { code, object }: SubresourceResult,
  form: OutputForm,
): Promise<void> {
  if (form.encoding !== "protobuf") {
    return sendObject(context, code, form.as === "Table" ? tableOf(resource, object) : object, form);
  }
  const { schemas } = resource.kind;
  const typeName = typeOfKind(schemas, object.apiVersion ?? "", object.kind ?? "");
  if (typeName === undefined) throw notAcceptable(`${object.kind} has no protobuf form`);
  sendBytes(context, code, contentTypeOf.protobuf, encodeProtobuf(object, schemas, typeName));
}

/** What a virtual resource lists or gives, as a Table; anything else as it is. */
function tableOf({ kind }: ServedResource, object: UnknownObject): object {
  if (object.kind !== kind.kind && object.kind !== `${kind.kind}List`) return object;
  const items = object.kind === kind.kind ? [object] : ((object["items"] ?? []) as UnknownObject[]);
  return renderTable(kind, items, { now: Date.now() });
}

/** The type of the body that a subresource takes; of the kind itself where there is no subresource. */
function bodyType({ kind }: ServedResource, subresource: string): ExpectedType | undefined {
  if (subresource === "") return kind;
  const declared: Subresource | undefined = kind.subresources.find((one) => one.name === subresource);
  if (declared === undefined) return undefined;
  const { group, version, kind: name } = declared.kind;
  const schemaName = typeOfKind(kind.schemas, formatApiVersion(declared.kind), name);
  return schemaName === undefined ? undefined : { group, version, kind: name, schemas: kind.schemas, schemaName };
}
