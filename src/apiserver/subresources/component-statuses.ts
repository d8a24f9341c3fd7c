import { notFound } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { SubresourceHandler } from "../types.ts";
import { answer } from "./subject.ts";

/** Components run in one process tree that is restarted as a whole: a server that answers has healthy ones. */
const names = ["controller-manager", "etcd-0", "scheduler"];

const statusOf = (name: string): UnknownObject => ({
  apiVersion: "v1",
  kind: "ComponentStatus",
  metadata: { name },
  conditions: [{ type: "Healthy", status: "True", message: "ok" }],
});

/** GET componentstatuses, deprecated since 1.19 and still asked for. */
export const componentStatusesHandler: SubresourceHandler = {
  group: "",
  plural: "componentstatuses",
  subresource: "",
  async handle({ info, warn }) {
    warn("v1 ComponentStatus is deprecated in v1.19+");
    if (info.name === "") {
      const items = names.map(statusOf);
      return answer(200, { apiVersion: "v1", kind: "ComponentStatusList", metadata: {}, items });
    }
    if (!names.includes(info.name)) throw notFound({ group: "", plural: "componentstatuses" }, info.name);
    return answer(200, statusOf(info.name));
  },
};
