/** Policies of one kind with their bindings, from the cache, and the parameters that a binding names. */
import type {
  AuditAnnotation,
  MatchCondition,
  MatchResources,
  Mutation,
  ParamKind,
  ParamRef,
  Validation,
  Variable,
} from "../../../kinds/generated/admissionregistration-v1.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";
import { type LabelSelectorObject, labelSelectorFromObject } from "../../../machinery/selectors/label-selector.ts";
import type { AdmissionRequest, Authorizer, ObjectReader } from "../../types.ts";
import { isExempt, matches, matchOf } from "../matching.ts";

export interface Policy extends UnknownObject {
  readonly spec?: {
    readonly failurePolicy?: string;
    readonly matchConditions?: MatchCondition[];
    readonly matchConstraints?: MatchResources;
    readonly mutations?: Mutation[];
    readonly paramKind?: ParamKind;
    readonly auditAnnotations?: AuditAnnotation[];
    readonly validations?: Validation[];
    readonly variables?: Variable[];
  };
}

export interface Binding extends UnknownObject {
  readonly spec?: {
    readonly matchResources?: MatchResources;
    readonly paramRef?: ParamRef;
    readonly policyName?: string;
    readonly validationActions?: string[];
  };
}

export interface BoundPolicy {
  readonly policy: Policy;
  readonly bindings: readonly Binding[];
}

/** The resource of a kind; undefined where nothing serves it. */
export type FindKind = (
  apiVersion: string,
  kind: string,
) => { readonly group: string; readonly plural: string; readonly namespaced: boolean } | undefined;

/** What policies look at besides the request. */
export interface PolicyTools {
  readonly reader: ObjectReader;
  readonly authorizer: Authorizer;
  readonly findKind: FindKind;
}

const group = "admissionregistration.k8s.io";

export class PolicySet {
  readonly reader: ObjectReader;
  readonly #policies = new Map<string, Policy>();
  readonly #bindings = new Map<string, Binding>();

  constructor(
    reader: ObjectReader,
    plurals: { policies: string; bindings: string },
    changed?: (policy: Policy) => void,
  ) {
    this.reader = reader;
    follow<Policy>(reader, plurals.policies, this.#policies, changed);
    follow<Binding>(reader, plurals.bindings, this.#bindings);
  }

  /** Policies that match the request, with the bindings that do, in the order of their names. */
  matching(request: AdmissionRequest): readonly BoundPolicy[] {
    if (this.#policies.size === 0 || this.#bindings.size === 0 || isExempt(request)) return [];
    const names = [...this.#policies.keys()].sort();
    return names.flatMap((name) => {
      const policy = this.#policies.get(name) as Policy;
      const bindings = [...this.#bindings.values()]
        .filter(({ spec }) => spec?.policyName === name)
        .filter(({ spec }) => matches(matchOf(spec?.matchResources), request, this.reader, true));
      if (bindings.length === 0 || !matches(matchOf(policy.spec?.matchConstraints), request, this.reader)) return [];
      return [{ policy, bindings }];
    });
  }
}

function follow<T extends UnknownObject>(
  reader: ObjectReader,
  plural: string,
  found: Map<string, T>,
  changed?: (object: T) => void,
): void {
  for (const one of reader.list<T>(group, plural)) found.set(one.metadata?.name ?? "", one);
  reader.subscribe(group, plural, ({ type, object }) => {
    const name = object.metadata?.name ?? "";
    if (type === "DELETED") found.delete(name);
    else {
      found.set(name, object as T);
      changed?.(object as T);
    }
  });
}

/** The objects that a binding gives its policy; one null where the policy takes none. Throws an Error. */
export function paramsOf(
  { spec: policy }: Policy,
  { spec: binding }: Binding,
  request: AdmissionRequest,
  { reader, findKind }: { reader: ObjectReader; findKind: FindKind },
): readonly (UnknownObject | null)[] {
  const kind = policy?.paramKind;
  if (kind === undefined) return [null];
  const reference = binding?.paramRef;
  if (reference === undefined) return [null];
  const resource = findKind(kind.apiVersion ?? "", kind.kind ?? "");
  if (resource === undefined) {
    throw new Error(`failed to find resource referenced by paramKind: '${kind.apiVersion}, Kind=${kind.kind}'`);
  }
  const namespace = resource.namespaced ? reference.namespace || request.namespace : "";
  if (resource.namespaced && namespace === "") {
    throw new Error("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
  }
  const found = findParams(reader, resource, namespace, reference);
  if (found.length > 0 || reference.parameterNotFoundAction === "Allow") return found;
  throw new Error("no params found for policy binding with `Deny` parameterNotFoundAction");
}

function findParams(
  reader: ObjectReader,
  { group: paramGroup, plural }: { group: string; plural: string },
  namespace: string,
  { name, selector }: ParamRef,
): readonly UnknownObject[] {
  if (name) {
    const one = reader.get<UnknownObject>(paramGroup, plural, namespace, name);
    return one === undefined ? [] : [one];
  }
  const labels = labelSelectorFromObject((selector ?? {}) as LabelSelectorObject);
  return reader
    .list<UnknownObject>(paramGroup, plural, namespace)
    .filter(({ metadata }) => labels.matches(metadata?.labels ?? {}));
}
