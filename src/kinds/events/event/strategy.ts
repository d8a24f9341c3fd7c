/** What events can be selected by, under the names of this form. */
import type { Event } from "../../generated/events-v1.ts";

export const selectableFields: Readonly<Record<string, (event: Event) => string>> = {
  "regarding.kind": ({ regarding }) => regarding?.kind ?? "",
  "regarding.namespace": ({ regarding }) => regarding?.namespace ?? "",
  "regarding.name": ({ regarding }) => regarding?.name ?? "",
  "regarding.uid": ({ regarding }) => regarding?.uid ?? "",
  "regarding.apiVersion": ({ regarding }) => regarding?.apiVersion ?? "",
  "regarding.resourceVersion": ({ regarding }) => regarding?.resourceVersion ?? "",
  "regarding.fieldPath": ({ regarding }) => regarding?.fieldPath ?? "",
  reason: ({ reason }) => reason ?? "",
  reportingController: ({ reportingController }) => reportingController ?? "",
  type: ({ type }) => type ?? "",
};
