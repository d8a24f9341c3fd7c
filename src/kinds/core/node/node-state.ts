import type { Node } from "../../generated/core-v1.ts";

export const isNodeReady = ({ status }: Pick<Node, "status">): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
