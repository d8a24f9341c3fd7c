/** What events can be selected by. */
import type { Event } from "../../generated/core-v1.ts";

export const selectableFields: Readonly<Record<string, (event: Event) => string>> = {
  "involvedObject.kind": ({ involvedObject }) => involvedObject?.kind ?? "",
  "involvedObject.namespace": ({ involvedObject }) => involvedObject?.namespace ?? "",
  "involvedObject.name": ({ involvedObject }) => involvedObject?.name ?? "",
  "involvedObject.uid": ({ involvedObject }) => involvedObject?.uid ?? "",
  "involvedObject.apiVersion": ({ involvedObject }) => involvedObject?.apiVersion ?? "",
  "involvedObject.resourceVersion": ({ involvedObject }) => involvedObject?.resourceVersion ?? "",
  "involvedObject.fieldPath": ({ involvedObject }) => involvedObject?.fieldPath ?? "",
  reason: ({ reason }) => reason ?? "",
  reportingComponent: ({ reportingComponent }) => reportingComponent ?? "",
  source: ({ source, reportingComponent }) => source?.component || reportingComponent || "",
  type: ({ type }) => type ?? "",
};
