import { expect, it } from "vitest";
import type { Container } from "../../generated/core-v1.ts";
import { aggregateContainerResources } from "./container-aggregation.ts";

const container = (cpu: string, restartPolicy?: "Always"): Container => ({
  name: `c${cpu}`,
  resources: { requests: { cpu } },
  ...(restartPolicy === undefined ? {} : { restartPolicy }),
});

it.each<[string, string, Container[], Container[]]>([
  ["adds containers", "300m", [container("100m"), container("200m")], []],
  ["takes the largest init container", "500m", [container("100m")], [container("500m"), container("200m")]],
  ["keeps sidecars beside the containers", "300m", [container("100m")], [container("200m", "Always")]],
  [
    "counts sidecars that started before an init container",
    "700m",
    [container("100m")],
    [container("200m", "Always"), container("500m"), container("50m", "Always")],
  ],
])("%s", (_, cpu, containers, initContainers) => {
  expect(aggregateContainerResources({ containers, initContainers }, "requests")).toEqual({ cpu });
});
