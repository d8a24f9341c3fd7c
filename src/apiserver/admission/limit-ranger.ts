import { podTotal } from "../../kinds/core/pod/resource-total.ts";
import type { ResourceList } from "../../kinds/core/resource-list.ts";
import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
} from "../../kinds/generated/core-v1.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { parseQuantity } from "../../machinery/quantity.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from "../types.ts";
import { concerns, objectOf, refuse } from "./request.ts";

const annotation = "kubernetes.io/limit-ranger";

/** Gives containers a LimitRange's defaults and holds pods and claims to its bounds. */
export function limitRanger(reader: ObjectReader): AdmissionPlugin {
  const itemsFor = (request: AdmissionRequest): LimitRangeItem[] => {
    const ranges = reader.list<LimitRange>("", "limitranges", request.namespace);
    return ranges.flatMap((range) => range.spec?.limits ?? []);
  };
  const isPod = (request: AdmissionRequest): boolean =>
    concerns(request, "", "pods", { operations: ["CREATE"] }) ||
    concerns(request, "", "pods", { operations: ["UPDATE"], subresource: "resize" });
  const isClaim = (request: AdmissionRequest): boolean =>
    concerns(request, "", "persistentvolumeclaims", { operations: ["CREATE", "UPDATE"] });

  return {
    name: "LimitRanger",
    admit(request) {
      if (!isPod(request)) return;
      const items = itemsFor(request).filter(({ type }) => type === "Container");
      if (items.length > 0) setDefaults(objectOf<Pod>(request), items);
    },
    validate(request) {
      if (request.oldObject?.metadata?.deletionTimestamp) return;
      const check = isPod(request) ? podErrors : isClaim(request) ? claimErrors : undefined;
      if (check === undefined) return;
      const errors = itemsFor(request).flatMap((item) => check(item, request));
      if (errors.length === 0) return;
      throw refuse(request, errors.length === 1 ? (errors[0] ?? "") : `[${[...new Set(errors)].join(", ")}]`);
    },
  };
}

function setDefaults(pod: Pod, items: readonly LimitRangeItem[]): void {
  const limits = Object.assign({}, ...items.map((item) => item.default ?? {})) as ResourceList;
  const requests = Object.assign({}, ...items.map((item) => item.defaultRequest ?? {})) as ResourceList;
  const remarks = [
    ...(pod.spec?.containers ?? []).flatMap((one) => defaultContainer(one, "container", { limits, requests })),
    ...(pod.spec?.initContainers ?? []).flatMap((one) => defaultContainer(one, "init container", { limits, requests })),
  ];
  if (remarks.length === 0) return;
  pod.metadata ??= {};
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [annotation]: `LimitRanger plugin set: ${remarks.join("; ")}`,
  };
}

function defaultContainer(
  container: Container,
  what: string,
  defaults: Record<"limits" | "requests", ResourceList>,
): string[] {
  const remarks: string[] = [];
  const resources = { ...container.resources };
  for (const kind of ["requests", "limits"] as const) {
    const given = resources[kind] ?? {};
    const missing = Object.keys(defaults[kind]).filter((name) => valueAt(given, name) === undefined);
    if (missing.length === 0) continue;
    resources[kind] = { ...defaults[kind], ...given };
    remarks.push(`${missing.sort().join(", ")} ${kind.slice(0, -1)} for ${what} ${container.name}`);
  }
  if (remarks.length > 0) container.resources = resources;
  return remarks;
}

function podErrors(item: LimitRangeItem, request: AdmissionRequest): string[] {
  const { spec } = objectOf<Pod>(request);
  if (spec === undefined) return [];
  if (item.type === "Pod") return boundErrors(item, podTotal(spec, "requests"), podTotal(spec, "limits"));
  if (item.type !== "Container") return [];
  return [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
    boundErrors(item, resources?.requests ?? {}, resources?.limits ?? {}),
  );
}

function claimErrors(item: LimitRangeItem, request: AdmissionRequest): string[] {
  if (item.type !== "PersistentVolumeClaim") return [];
  const requests = objectOf<PersistentVolumeClaim>(request).spec?.resources?.requests ?? {};
  const errors = minimumErrors(item, requests, {});
  for (const [name, maximum] of Object.entries(item.max ?? {})) {
    const wording = `maximum ${name} usage per ${item.type} is ${maximum}`;
    const given = valueAt(requests, name);
    if (given === undefined) errors.push(`${wording}.  No request is specified`);
    else if (parseQuantity(given).compare(parseQuantity(maximum)) > 0)
      errors.push(`${wording}, but request is ${given}`);
  }
  return errors;
}

function minimumErrors({ type, min = {} }: LimitRangeItem, requests: ResourceList, limits: ResourceList): string[] {
  return Object.entries(min).flatMap(([name, minimum]) => {
    const wording = `minimum ${name} usage per ${type} is ${minimum}`;
    const [request, limit] = [valueAt(requests, name), valueAt(limits, name)];
    const below = (value: string): boolean => parseQuantity(value).compare(parseQuantity(minimum)) < 0;
    if (request === undefined) return [`${wording}.  No request is specified`];
    if (below(request)) return [`${wording}, but request is ${request}`];
    return limit !== undefined && below(limit) ? [`${wording}, but limit is ${limit}`] : [];
  });
}

function boundErrors(item: LimitRangeItem, requests: ResourceList, limits: ResourceList): string[] {
  const errors = minimumErrors(item, requests, limits);
  for (const [name, maximum] of Object.entries(item.max ?? {})) {
    const wording = `maximum ${name} usage per ${item.type} is ${maximum}`;
    const [request, limit] = [valueAt(requests, name), valueAt(limits, name)];
    const above = (value: string): boolean => parseQuantity(value).compare(parseQuantity(maximum)) > 0;
    if (limit === undefined) errors.push(`${wording}.  No limit is specified`);
    else if (above(limit)) errors.push(`${wording}, but limit is ${limit}`);
    else if (request !== undefined && above(request)) errors.push(`${wording}, but request is ${request}`);
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    errors.push(
      ...ratioErrors(
        `${name} max limit to request ratio per ${item.type} is ${ratio}`,
        ratio,
        valueAt(requests, name),
        valueAt(limits, name),
      ),
    );
  }
  return errors;
}

function ratioErrors(
  wording: string,
  maximum: string,
  request: string | undefined,
  limit: string | undefined,
): string[] {
  const number = (text: string | undefined): number => (text === undefined ? 0 : Number(parseQuantity(text).nanos));
  if (number(request) === 0) return [`${wording}, but no request is specified or request is 0`];
  if (number(limit) === 0) return [`${wording}, but no limit is specified or limit is 0`];
  const ratio = number(limit) / number(request);
  return ratio * 1e9 > number(maximum) ? [`${wording}, but provided ratio is ${ratio.toFixed(6)}`] : [];
}
