/** Conversion of custom resources by a webhook: ConversionReview of apiextensions.k8s.io/v1. */
import { randomUUID } from "node:crypto";
import type { CustomResourceDefinition } from "../../kinds/generated/apiextensions-v1.ts";
import { internalError } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { ObjectReader } from "../types.ts";
import { callWebhook } from "../webhooks/call.ts";

export type ConvertObjects = (
  objects: readonly UnknownObject[],
  apiVersion: string,
) => Promise<readonly UnknownObject[]>;

interface Response {
  readonly uid?: string;
  readonly convertedObjects?: readonly UnknownObject[];
  readonly result?: { readonly status?: string; readonly message?: string };
}

const timeoutSeconds = 30;

/** undefined where versions only differ in their name. The conversion rejects with StatusError 500. */
export function webhookConversion(
  { spec }: CustomResourceDefinition,
  reader: ObjectReader,
): ConvertObjects | undefined {
  const { strategy, webhook } = spec.conversion ?? {};
  const clientConfig = webhook?.clientConfig;
  if (strategy !== "Webhook" || clientConfig === undefined) return undefined;
  return async (objects, desiredAPIVersion) => {
    const [first] = objects;
    if (first === undefined) return [];
    try {
      const request = { uid: randomUUID(), desiredAPIVersion, objects };
      const review = { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview", request };
      const answer = await callWebhook(reader, { clientConfig, body: review, timeoutSeconds });
      const { response } = (answer ?? {}) as { response?: Response };
      return checked(response, request.uid, objects).map((converted, index) =>
        restored(converted, objects[index] as UnknownObject, desiredAPIVersion),
      );
    } catch (cause) {
      const message = `conversion webhook for ${first.apiVersion}, Kind=${first.kind} failed: ${(cause as Error).message}`;
      throw internalError(new Error(message, { cause }));
    }
  };
}

function checked(
  response: Response | undefined,
  uid: string,
  objects: readonly UnknownObject[],
): readonly UnknownObject[] {
  if (response === undefined) throw new Error("no response provided");
  if (response.uid !== uid) throw new Error(`expected response.uid="${uid}", got "${response.uid ?? ""}"`);
  const { status = "", message } = response.result ?? {};
  if (status !== "Success") throw new Error(message || `response.result.status was '${status}', not 'Success'`);
  const converted = response.convertedObjects ?? [];
  if (converted.length !== objects.length) {
    throw new Error(`returned ${converted.length} objects, expected ${objects.length}`);
  }
  return converted;
}

/** Of metadata a conversion may change labels and annotations alone. */
function restored(converted: UnknownObject, original: UnknownObject, apiVersion: string): UnknownObject {
  if (converted.apiVersion !== apiVersion) {
    throw new Error(`invalid groupVersion (expected ${apiVersion}, received ${converted.apiVersion})`);
  }
  if (converted.kind !== original.kind) {
    throw new Error(`invalid kind (expected ${original.kind}, received ${converted.kind})`);
  }
  const { labels, annotations } = converted.metadata ?? {};
  const { labels: _, annotations: __, ...kept } = original.metadata ?? {};
  const metadata = {
    ...kept,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const { apiVersion: version, kind, metadata: ___, ...rest } = converted;
  return { apiVersion: version, kind, metadata, ...rest };
}
