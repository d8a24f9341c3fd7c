/** Node selectors and affinity of pods, compiled once and matched against many nodes (component-helpers' nodeaffinity). */

import { valueAt } from "../meta/accessors.ts";
import type { LabelOperator, LabelRequirement } from "../selectors/label-requirement.ts";
import { LabelSelector } from "../selectors/label-selector.ts";

interface RequirementLike {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

export interface NodeSelectorTermLike {
  readonly matchExpressions?: readonly RequirementLike[] | undefined;
  readonly matchFields?: readonly RequirementLike[] | undefined;
}

export interface NodeLike {
  readonly metadata?:
    | { readonly name?: string | undefined; readonly labels?: Readonly<Record<string, string>> | undefined }
    | undefined;
}

/** What of a pod decides about nodes. */
export interface NodeConstrained {
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly affinity?:
    | {
        readonly nodeAffinity?:
          | {
              readonly requiredDuringSchedulingIgnoredDuringExecution?:
                | { readonly nodeSelectorTerms: readonly NodeSelectorTermLike[] }
                | undefined;
            }
          | undefined;
      }
    | undefined;
}

export type NodeMatcher = (node: NodeLike) => boolean;

const operators: Readonly<Record<string, LabelOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
  Gt: "gt",
  Lt: "lt",
};

function compileRequirements(requirements: readonly RequirementLike[]): LabelSelector {
  return new LabelSelector(
    requirements.map(
      ({ key, operator, values = [] }): LabelRequirement => ({
        key,
        operator: valueAt(operators, operator) ?? "in",
        values,
      }),
    ),
  );
}

/** One term: all of its expressions and fields; a term without any matches nothing. */
export function compileNodeSelectorTerm(term: NodeSelectorTermLike): NodeMatcher {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return () => false;
  const labels = compileRequirements(matchExpressions);
  const fields = compileRequirements(matchFields);
  return ({ metadata }) =>
    labels.matches(metadata?.labels ?? {}) && fields.matches({ "metadata.name": metadata?.name ?? "" });
}

/** Any of the terms. */
export function compileNodeSelector(terms: readonly NodeSelectorTermLike[]): NodeMatcher {
  const matchers = terms.map(compileNodeSelectorTerm);
  return (node) => matchers.some((matches) => matches(node));
}

/** spec.nodeSelector and required node affinity together; undefined where a pod has neither. */
export function requiredNodeMatcher(spec: NodeConstrained | undefined): NodeMatcher | undefined {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const labels = Object.entries(spec?.nodeSelector ?? {});
  if (required === undefined && labels.length === 0) return undefined;
  const affinity = required && compileNodeSelector(required.nodeSelectorTerms);
  return (node) => {
    const nodeLabels = node.metadata?.labels;
    for (const [key, value] of labels) if (valueAt(nodeLabels, key) !== value) return false;
    return affinity === undefined || affinity(node);
  };
}
