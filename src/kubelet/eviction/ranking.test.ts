import { expect, it } from "vitest";
import { chooseImages } from "../images/image-collector.ts";
import { busybox, makePod } from "../testing/runtime-objects.ts";
import { rankForMemory } from "./ranking.ts";

const mebibyte = 2 ** 20;

function candidate(name: string, request: string, used: number, priority = 0) {
  const resources = { requests: { memory: request } };
  return {
    pod: makePod({ priority, containers: [busybox("c", { resources })] }, { name }),
    memory: used * mebibyte,
  };
}

it("evicts pods over their request first, low priority before high, the furthest over first", () => {
  const order = rankForMemory([
    candidate("within", "500Mi", 400),
    candidate("over-a-bit", "10Mi", 20),
    candidate("over-a-lot", "10Mi", 90),
    candidate("over-but-important", "10Mi", 500, 1000),
    candidate("critical", "0", 900, 2_000_000_000),
  ]);
  expect(order.map(({ pod }) => pod.metadata?.name)).toEqual([
    "over-a-lot",
    "over-a-bit",
    "over-but-important",
    "within",
  ]);
});

it("removes the images that were not used for longest, and no more than needed", () => {
  const images = [
    { id: "new", size: 100, lastUsed: 30 },
    { id: "old", size: 100, lastUsed: 10 },
    { id: "middle", size: 100, lastUsed: 20 },
  ];
  expect(chooseImages(images, 150).map(({ id }) => id)).toEqual(["old", "middle"]);
  expect(chooseImages(images, 0)).toEqual([]);
});
