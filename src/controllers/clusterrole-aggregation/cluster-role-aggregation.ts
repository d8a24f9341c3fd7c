/** Fills the rules of ClusterRoles that have an aggregationRule from those that it selects (admin, edit, view). */

import { clusterRoles } from "../../client/resources.ts";
import type { ClusterRole } from "../../kinds/generated/rbac-v1.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import { canonicalJson, sameJson } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { defineController, watch } from "../framework/define-controller.ts";

const selectorsOf = ({ aggregationRule }: ClusterRole) =>
  (aggregationRule?.clusterRoleSelectors ?? []).map(labelSelectorFromObject);

export const clusterRoleAggregationController = defineController({
  name: "clusterrole-aggregation",
  primary: clusterRoles,
  watches: [
    watch(clusterRoles, (role, context, { old }) =>
      context
        .lister(clusterRoles)
        .list()
        .filter((aggregate) =>
          selectorsOf(aggregate).some((selector) =>
            [role, old].some((version) => version !== undefined && selector.matches(version.metadata?.labels ?? {})),
          ),
        )
        .map((aggregate) => metaOf(aggregate).name),
    ),
  ],
  workers: 1,
  async reconcile(name, context) {
    const role = context.lister(clusterRoles).get(name);
    if (role?.aggregationRule === undefined) return;
    const others = context
      .lister(clusterRoles)
      .list()
      .filter((other) => other !== role)
      .sort((a, b) => (metaOf(a).name < metaOf(b).name ? -1 : 1));
    const rules = new Map<string, NonNullable<ClusterRole["rules"]>[number]>();
    for (const selector of selectorsOf(role)) {
      for (const other of others) {
        if (!selector.matches(other.metadata?.labels ?? {})) continue;
        for (const rule of other.rules ?? []) rules.set(canonicalJson(rule), rule);
      }
    }
    const next = [...rules.values()];
    if (!sameJson(role.rules ?? [], next)) await context.client.of(clusterRoles).update({ ...role, rules: next });
  },
});
