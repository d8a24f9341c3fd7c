import type { Plugin } from "../../framework/types.ts";

/** A pod that names its node runs there or nowhere. */
export const nodeName: Plugin = {
  name: "NodeName",
  events: ["node-added"],
  filter({ pod }) {
    const wanted = pod.spec?.nodeName;
    if (!wanted) return undefined;
    return ({ name }) =>
      name === wanted ? undefined : { reasons: ["node(s) didn't match the requested node name"], unresolvable: true };
  },
};
