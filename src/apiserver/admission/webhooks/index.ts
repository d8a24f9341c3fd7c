/**
 * Mutating and validating admission webhooks. Fed by the configurations in the cache; asks the webhooks that match a
 * request, mutating ones one after the other and validating ones at once. Without configurations it costs nothing.
 */
import type {
  MatchCondition,
  MutatingWebhook,
  ValidatingWebhook,
} from "../../../kinds/generated/admissionregistration-v1.ts";
import { parseForeignJson } from "../../../machinery/codec/json.ts";
import { badRequest, forbidden, internalError, StatusError } from "../../../machinery/errors/status-error.ts";
import { deepCopy } from "../../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";
import { applyJsonPatch } from "../../../machinery/patch/json-patch.ts";
import type { AdmissionPlugin, AdmissionRequest, Authorizer, ObjectReader } from "../../types.ts";
import { callWebhook } from "../../webhooks/call.ts";
import { ConditionsFailed, conditionsHold } from "../conditions.ts";
import { isExempt, matches } from "../matching.ts";
import { replaceObject } from "../mutation.ts";
import { type AdmissionResponse, responseOf, reviewOf } from "./review.ts";

type Webhook = (MutatingWebhook | ValidatingWebhook) & { readonly matchConditions?: MatchCondition[] | undefined };

interface Configuration extends UnknownObject {
  readonly webhooks?: readonly Webhook[];
}

const group = "admissionregistration.k8s.io";
const defaultTimeoutSeconds = 10;

export function admissionWebhooks(
  reader: ObjectReader,
  authorizer: Authorizer,
): { mutating: AdmissionPlugin; validating: AdmissionPlugin } {
  return { mutating: new Mutating(reader, authorizer), validating: new Validating(reader, authorizer) };
}

/** The webhooks of all configurations in the order of the configurations' names. */
class Webhooks {
  readonly reader: ObjectReader;
  readonly authorizer: Authorizer;
  readonly #configurations = new Map<string, readonly Webhook[]>();
  #sorted: readonly Webhook[] = [];

  constructor(reader: ObjectReader, authorizer: Authorizer, plural: string) {
    this.reader = reader;
    this.authorizer = authorizer;
    for (const one of reader.list<Configuration>(group, plural)) this.#put(one);
    reader.subscribe(group, plural, ({ type, object }) => {
      if (type === "DELETED") this.#configurations.delete(object.metadata?.name ?? "");
      else this.#put(object as Configuration);
      this.#sort();
    });
    this.#sort();
  }

  #put({ metadata, webhooks = [] }: Configuration): void {
    this.#configurations.set(metadata?.name ?? "", webhooks);
  }

  #sort(): void {
    const entries = [...this.#configurations].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#sorted = entries.flatMap(([, webhooks]) => webhooks);
  }

  /** Those that are to be asked. */
  matching(request: AdmissionRequest): readonly Webhook[] {
    if (this.#sorted.length === 0 || isExempt(request)) return [];
    return this.#sorted.filter((webhook) => matches(webhook as never, request, this.reader));
  }
}

class Mutating implements AdmissionPlugin {
  readonly name = "MutatingAdmissionWebhook";
  readonly #webhooks: Webhooks;

  constructor(reader: ObjectReader, authorizer: Authorizer) {
    this.#webhooks = new Webhooks(reader, authorizer, "mutatingwebhookconfigurations");
  }

  admit(request: AdmissionRequest): Promise<void> | void {
    const webhooks = this.#webhooks.matching(request);
    if (webhooks.length > 0) return this.#askAll(webhooks, request);
  }

  /** Those that want it are asked again when a later one has changed the object. */
  async #askAll(webhooks: readonly Webhook[], request: AdmissionRequest): Promise<void> {
    let lastChange = -1;
    for (const [index, webhook] of webhooks.entries()) if (await this.#ask(webhook, request)) lastChange = index;
    for (const [index, webhook] of webhooks.entries()) {
      if (index < lastChange && (webhook as MutatingWebhook).reinvocationPolicy === "IfNeeded") {
        await this.#ask(webhook, request);
      }
    }
  }

  async #ask(webhook: Webhook, request: AdmissionRequest): Promise<boolean> {
    const { reader } = this.#webhooks;
    // What an earlier one has changed may not match any longer.
    if (!matches(webhook as never, request, reader)) return false;
    const response = await answerOf(webhook, request, this.#webhooks, true);
    if (response?.patch === undefined) return false;
    if (request.object === undefined) {
      throw internalError(
        new Error(
          `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
        ),
      );
    }
    const patch = parseForeignJson(Buffer.from(response.patch, "base64").toString("utf8")).value;
    try {
      replaceObject(request, applyJsonPatch(deepCopy(request.object), patch) as UnknownObject);
    } catch (error) {
      const { cause } = error as Error;
      throw internalError(error instanceof StatusError && cause instanceof Error ? cause : error);
    }
    return true;
  }
}

class Validating implements AdmissionPlugin {
  readonly name = "ValidatingAdmissionWebhook";
  readonly #webhooks: Webhooks;

  constructor(reader: ObjectReader, authorizer: Authorizer) {
    this.#webhooks = new Webhooks(reader, authorizer, "validatingwebhookconfigurations");
  }

  validate(request: AdmissionRequest): Promise<void> | void {
    const webhooks = this.#webhooks.matching(request);
    if (webhooks.length > 0) return this.#askAll(webhooks, request);
  }

  async #askAll(webhooks: readonly Webhook[], request: AdmissionRequest): Promise<void> {
    await Promise.all(webhooks.map((webhook) => answerOf(webhook, request, this.#webhooks, false)));
  }
}

/** undefined: not asked, or failed and to be ignored. Rejects with StatusError where the request is denied. */
async function answerOf(
  webhook: Webhook,
  request: AdmissionRequest,
  { reader, authorizer }: Webhooks,
  mutating: boolean,
): Promise<AdmissionResponse | undefined> {
  if (!isMeant(webhook, request, authorizer)) return undefined;
  const { name, clientConfig, sideEffects, timeoutSeconds = defaultTimeoutSeconds, failurePolicy = "Fail" } = webhook;
  if (request.dryRun && sideEffects !== "None" && sideEffects !== "NoneOnDryRun") {
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
  }
  const review = reviewOf(request, webhook.admissionReviewVersions);
  let response: AdmissionResponse;
  try {
    const answer = await callWebhook(reader, { clientConfig, body: review, timeoutSeconds }).catch((cause: Error) => {
      throw new Error(`failed to call webhook: ${cause.message}`, { cause });
    });
    response = checkedResponse(answer, review, mutating);
  } catch (error) {
    if (failurePolicy === "Ignore") return undefined;
    const message = `failed calling webhook ${JSON.stringify(name)}: ${(error as Error).message}`;
    throw internalError(new Error(message, { cause: error }));
  }
  for (const warning of response.warnings ?? []) request.warn(warning);
  for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) {
    if (typeof value === "string") request.annotate?.(`${name}/${key}`, value);
  }
  if (!response.allowed) throw denial(name, response);
  return response;
}

/** Throws StatusError Forbidden where the conditions fail and that counts. */
function isMeant(webhook: Webhook, request: AdmissionRequest, authorizer: Authorizer): boolean {
  try {
    return conditionsHold(webhook, request, { authorizer });
  } catch (error) {
    if (!(error instanceof ConditionsFailed)) throw error;
    throw forbidden(request.kind, request.name || request.object?.metadata?.name || "", error.message);
  }
}

function checkedResponse(
  answer: unknown,
  review: Parameters<typeof responseOf>[1],
  mutating: boolean,
): AdmissionResponse {
  try {
    return responseOf(answer, review, mutating);
  } catch (cause) {
    throw new Error(`received invalid webhook response: ${(cause as Error).message}`, { cause });
  }
}

function denial(name: string, { status = {} }: AdmissionResponse): StatusError {
  const denied = `admission webhook ${JSON.stringify(name)} denied the request`;
  const why = status.message || status.reason;
  const code = (status.code ?? 0) < 400 ? 400 : (status.code as number);
  return new StatusError({
    code,
    ...(status.reason ? { reason: status.reason } : {}),
    message: why ? `${denied}: ${why}` : `${denied} without explanation`,
  });
}
