import { expect, it } from "vitest";
import type { ComponentState, NodeState } from "../node/state.ts";
import { faultOf } from "./control-plane-fault.ts";

const node = (apiserver: Partial<ComponentState>): NodeState => ({
  version: 1,
  updatedAt: 0,
  timings: {},
  components: { apiserver: { state: "Failed", restarts: 3, since: 0, ...apiserver } },
});

it("names a damaged database, its backup and what restores it", () => {
  const message = "StoreError: /store/state.db is damaged (x); /store/state.db.backup is its backup of 2026\n    at y";
  const fault = faultOf("work", node({ message, code: "STORE_CORRUPT" }));
  expect(fault).toMatchObject({ id: "K8S_STORE_DAMAGED", exitCode: 100 });
  expect(fault?.message).toBe(
    'the database of "work" in its node: /store/state.db is damaged (x); /store/state.db.backup is its backup of 2026',
  );
  expect(fault?.advice).toContain("mini ssh -p work -- 'cd /var/lib/mini/store && ");
});

it("is none where the API server may still come", () => {
  expect(faultOf("work", node({ state: "Starting" }))).toBeUndefined();
  expect(faultOf("work", node({ message: "Error: EADDRINUSE", code: "EADDRINUSE" }))).toBeUndefined();
  expect(faultOf("work", { ...node({}), components: {} })).toBeUndefined();
});
