/**
 * Warnings about a ValidatingAdmissionPolicy whose expressions cannot fit the objects that it matches. They change
 * nothing about what the policy does. As apiserver's policy/validating TypeChecker.
 */

import type {
  ExpressionWarning,
  NamedRuleWithOperations,
  ParamKind,
} from "../../../kinds/generated/admissionregistration-v1.ts";
import type { KindDefinition } from "../../../machinery/kind.ts";
import { setAt } from "../../../machinery/meta/accessors.ts";
import { formatApiVersion } from "../../../machinery/meta/object.ts";
import { type ObjectType, objectTypeOf } from "../../expressions/object-types.ts";
import { type Checker, createChecker } from "../../expressions/type-check.ts";
import { inTurns } from "./in-turns.ts";
import type { Policy } from "./policy-set.ts";
import { namespaceStructs, namespaceType, requestStructs, requestType } from "./variable-types.ts";

/** Every kind that is served now. */
export type ServedKinds = () => Iterable<KindDefinition>;

/** How many types of one rule are looked at. */
const maximumTypes = 10;

const variablesType = "kubernetes.variables";

/**
 * In the order of the validations; empty where all fits, or where nothing is known of the types. Every expression is
 * checked for every kind that the policy matches, so others get the thread in between.
 */
export async function typeCheck({ spec = {} }: Policy, servedKinds: ServedKinds): Promise<ExpressionWarning[]> {
  const kinds = [...servedKinds()];
  const matched = typesToCheck(spec.matchConstraints?.resourceRules ?? [], kinds);
  return inTurns(warnings(matched, paramsOf(spec.paramKind, kinds), spec));
}

function* warnings(
  kinds: readonly KindDefinition[],
  params: Params | undefined,
  spec: NonNullable<Policy["spec"]>,
): Generator<void, ExpressionWarning[]> {
  const checkers: { readonly kind: KindDefinition; readonly check: Checker }[] = [];
  for (const kind of kinds) checkers.push({ kind, check: yield* checkerOf(kind, params, spec) });
  const found: ExpressionWarning[] = [];
  for (const [index, { expression, messageExpression }] of (spec.validations ?? []).entries()) {
    for (const [field, source] of Object.entries({ expression, messageExpression })) {
      if (!source) continue;
      const results = checkers.flatMap(({ kind, check }) => {
        const { issues } = check(source);
        return issues === undefined ? [] : [`${kind.group}/${kind.version}, Kind=${kind.kind}: ${issues}\n`];
      });
      const fieldRef = `spec.validations[${index}].${field}`;
      if (results.length > 0) found.push({ fieldRef, warning: results.join("\n") });
      yield;
    }
  }
  return found;
}

/** The kinds that rules without wildcards name, by group, version and kind. */
function typesToCheck(rules: readonly NamedRuleWithOperations[], kinds: readonly KindDefinition[]): KindDefinition[] {
  const found = new Set<KindDefinition>();
  for (const rule of rules) {
    let count = 0;
    for (const kind of kindsOf(rule, kinds)) {
      found.add(kind);
      // Upstream leaves out the rules that follow, too.
      if (++count === maximumTypes) return sorted(found);
    }
  }
  return sorted(found);
}

function* kindsOf(rule: NamedRuleWithOperations, kinds: readonly KindDefinition[]): Iterable<KindDefinition> {
  const groups = [...(rule.apiGroups ?? [])].sort();
  const versions = [...(rule.apiVersions ?? [])].sort();
  if ([...groups, ...versions].some((name) => name.includes("*"))) return;
  const resources = (rule.resources ?? []).filter((name) => !/[*/]/.test(name)).sort();
  for (const group of groups) {
    for (const version of versions) {
      for (const resource of resources) {
        // No group means any to upstream's RESTMapper.
        yield* kinds.filter(
          (kind) =>
            (group === "" || kind.group === group) &&
            kind.version === version &&
            (kind.plural === resource || kind.singular === resource),
        );
      }
    }
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const sorted = (kinds: Iterable<KindDefinition>): KindDefinition[] =>
  [...kinds].sort((a, b) => compare(a.group, b.group) || compare(a.version, b.version) || compare(a.kind, b.kind));

interface Params {
  /** Absent where nothing serves the kind: then they can be anything. */
  readonly type?: ObjectType | undefined;
}

function paramsOf(paramKind: ParamKind | undefined, kinds: readonly KindDefinition[]): Params | undefined {
  if (paramKind === undefined) return undefined;
  const { apiVersion, kind: name } = paramKind;
  const kind = kinds.find((one) => formatApiVersion(one) === apiVersion && one.kind === name);
  return { type: kind === undefined ? undefined : objectTypeOf(kind) };
}

/** The policy's own variables are typed by their expressions, each of which knows those before it. */
function* checkerOf(
  kind: KindDefinition,
  params: Params | undefined,
  spec: NonNullable<Policy["spec"]>,
): Generator<void, Checker> {
  const object = objectTypeOf(kind);
  const own: Record<string, string> = {};
  const checker = (): Checker =>
    createChecker({
      structs: {
        ...requestStructs,
        ...namespaceStructs,
        ...params?.type?.structs,
        ...object.structs,
        [variablesType]: own,
      },
      variables: {
        object: object.name,
        oldObject: object.name,
        request: requestType,
        namespaceObject: namespaceType,
        authorizer: "kubernetes.authorization.Authorizer",
        variables: variablesType,
        ...(params === undefined ? {} : { params: params.type?.name ?? "dyn" }),
      },
    });
  let current = checker();
  for (const { name, expression } of spec.variables ?? []) {
    setAt(own, name, current(expression).type);
    current = checker();
    yield;
  }
  return current;
}
