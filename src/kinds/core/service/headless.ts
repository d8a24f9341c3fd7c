import type { ServiceSpec } from "../../generated/core-v1.ts";

/** Without an address of its own: its name stands for its endpoints. */
export const isHeadless = (spec: ServiceSpec | undefined): boolean => spec?.clusterIP === "None";
