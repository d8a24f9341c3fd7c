import { expect, it } from "vitest";
import type { AuthorizationRequest } from "../types.ts";
import { CelAuthorizer } from "./authorizer.ts";
import { compile } from "./cel.ts";

function ask(source: string): AuthorizationRequest[] {
  const asked: AuthorizationRequest[] = [];
  const authorize = (request: AuthorizationRequest) => {
    asked.push(request);
    return { allowed: true, reason: "" };
  };
  const authorizer = new CelAuthorizer({ authorize }, { username: "jane", groups: ["staff"] });
  compile(source, ["authorizer"]).evaluate({ authorizer });
  return asked;
}

it("asks for the user of the request, or for a service account", () => {
  const [own] = ask("authorizer.path('/healthz').check('get').allowed()");
  expect(own?.user.username).toBe("jane");
  const [other] = ask(
    "authorizer.serviceAccount('default', 'builder').group('apps').resource('deployments').check('get')",
  );
  expect(other?.user).toEqual({
    username: "system:serviceaccount:default:builder",
    groups: ["system:serviceaccounts", "system:serviceaccounts:default"],
  });
  expect(() => ask("authorizer.serviceAccount('a.b', 'builder').path('/').check('get')")).toThrow(
    "Invalid service account namespace",
  );
});

it("tells what the selectors narrow the request to", () => {
  const [request] = ask(
    "authorizer.group('').resource('pods').fieldSelector('spec.nodeName=a').check('list').allowed()",
  );
  expect(request?.info).toMatchObject({ resource: "pods", verb: "list" });
  expect(request?.info.query?.get("fieldSelector")).toBe("spec.nodeName=a");
});
