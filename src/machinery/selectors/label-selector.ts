/**
 * Label selectors: the `labelSelector` query parameter and metav1.LabelSelector, with the grammar, order and messages
 * of apimachinery's pkg/labels. The registry filters lists and watches with them; controllers match pods.
 */

import { badRequest } from "../errors/status-error.ts";
import { valueAt } from "../meta/accessors.ts";
import {
  createRequirement,
  formatRequirement,
  type LabelOperator,
  type LabelRequirement,
  type Labels,
  matchesRequirement,
} from "./label-requirement.ts";
import { parseRequirements } from "./label-selector-parser.ts";

/** metav1.LabelSelector. */
export interface LabelSelectorObject {
  matchLabels?: Readonly<Record<string, string>> | undefined;
  matchExpressions?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined }[]
    | undefined;
}

export class LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  readonly #nothing: boolean;

  /** `nothing` makes a selector that matches no object (a missing metav1.LabelSelector). */
  constructor(requirements: readonly LabelRequirement[], nothing = false) {
    this.requirements = [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.#nothing = nothing;
  }

  /** Whether every object matches. */
  get empty(): boolean {
    return this.requirements.length === 0 && !this.#nothing;
  }

  matches(labels: Labels): boolean {
    if (this.#nothing) return false;
    for (const requirement of this.requirements) if (!matchesRequirement(requirement, labels)) return false;
    return true;
  }

  /** The form that parseLabelSelector reads. */
  toString(): string {
    return this.requirements.map(formatRequirement).join(",");
  }
}

export const matchAllLabels = new LabelSelector([]);
export const matchNoLabels = new LabelSelector([], true);

/** Parses the query parameter's form. Throws StatusError BadRequest. */
export function parseLabelSelector(text: string): LabelSelector {
  try {
    const requirements = parseRequirements(text);
    return requirements.length === 0 ? matchAllLabels : new LabelSelector(requirements);
  } catch (cause) {
    throw badRequest((cause as Error).message, { cause });
  }
}

const objectOperators: Readonly<Record<string, LabelOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

/**
 * LabelSelectorAsSelector: a missing selector matches nothing, an empty one everything. Throws an Error on operators
 * and values that validation would have refused.
 */
export function labelSelectorFromObject(selector: LabelSelectorObject | undefined): LabelSelector {
  if (selector === undefined || selector === null) return matchNoLabels;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push(createRequirement(key, "=", [value]));
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = valueAt(objectOperators, operator);
    if (known === undefined) throw new Error(`${JSON.stringify(operator)} is not a valid label selector operator`);
    requirements.push(createRequirement(key, known, values ?? []));
  }
  return requirements.length === 0 ? matchAllLabels : new LabelSelector(requirements);
}

/** The selector of exactly these labels (a Service's spec.selector), unchecked. An empty or missing set matches all. */
export function labelSelectorFromSet(labels: Labels): LabelSelector {
  const entries = Object.entries(labels ?? {});
  return new LabelSelector(entries.map(([key, value]) => ({ key, operator: "=", values: [value] })));
}
