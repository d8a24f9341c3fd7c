import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { errorsDocument } from "../../scripts/generate-errors-doc.ts";
import { DriverError } from "../drivers/driver-error.ts";
import { errorRegister, MiniError, toMiniError } from "./errors.ts";

const root = join(import.meta.dirname, "..", "..");

it("is what docs/errors.md lists", () => {
  expect(readFileSync(join(root, "docs", "errors.md"), "utf8")).toBe(errorsDocument());
});

it("has every id that the sources use", () => {
  const used = globSync("src/{drivers,cluster,cli}/**/*.ts", { cwd: root })
    .filter((file) => !file.endsWith(".test.ts"))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8");
      return [...text.matchAll(/(?:Error\(\s*|errorId: )"([A-Z0-9_]+)"/g)].map(([, id = ""]) => ({ file, id }));
    });
  expect(used.length).toBeGreaterThan(40);
  expect(used.filter(({ id }) => !(id in errorRegister))).toEqual([]);
});

it("follows minikube's exit codes", () => {
  expect(new MiniError("PR_KVM_USER_PERMISSION", "").exitCode).toBe(67);
  expect(new MiniError("GUEST_NOT_FOUND", "").exitCode).toBe(85);
  expect(toMiniError(new DriverError("DRV_NEEDS_ROOT", "")).exitCode).toBe(57);
  expect(toMiniError(new DOMException("", "AbortError")).id).toBe("MK_INTERRUPTED");
  expect(toMiniError(Object.assign(new Error("disk"), { code: "ENOSPC" })).exitCode).toBe(26);
  expect(toMiniError(new TypeError("x is not a function")).exitCode).toBe(1);
});
