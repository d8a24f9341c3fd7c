import { expect, it } from "vitest";
import { runFuzz } from "./fuzz/run.ts";

// The long run is `scripts/robustness fuzz`; these are the first cases of its first seed.
it("answers 20,000 wrong requests with what is wrong about them", async () => {
  const { findings, cases, codes } = await runFuzz({ cases: 20_000, seed: 1 });
  const shown = findings.map(({ request, ...finding }) => ({
    ...finding,
    request: `${request.method} ${request.path} ${JSON.stringify(request.headers)} ${request.body?.toString("utf8").slice(0, 500)}`,
  }));
  expect(shown).toEqual([]);
  expect(cases).toBe(20_000);
  // The cases reach what lies behind decoding: of what is well formed some is stored, more is refused by validation.
  expect(codes["201"]).toBeGreaterThan(500);
  expect(codes["422"]).toBeGreaterThan(2_000);
});
