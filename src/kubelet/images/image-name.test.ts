import { describe, expect, it } from "vitest";
import { credentialsFor } from "./credentials.ts";
import { parseImageName, withDefaultTag } from "./image-name.ts";

describe("parseImageName", () => {
  it.each([
    ["busybox", "docker.io", "library/busybox"],
    ["library/busybox:1", "docker.io", "library/busybox"],
    ["registry.k8s.io/e2e/agnhost:2.47", "registry.k8s.io", "e2e/agnhost"],
    ["localhost:5000/a/b", "localhost:5000", "a/b"],
    ["localhost/a", "localhost", "a"],
  ])("%s", (image, registry, repository) => {
    expect(parseImageName(image)).toMatchObject({ registry, repository });
  });

  it.each(["", "Foo/Bar", "a b", "x:y:z", "https://x/y"])("refuses %j", (image) => {
    expect(() => parseImageName(image)).toThrow("couldn't parse image name");
  });

  it("adds a tag only where there is none", () => {
    expect(["a", "a:1", `a@sha256:${"0".repeat(64)}`].map(withDefaultTag)).toEqual([
      "a:latest",
      "a:1",
      `a@sha256:${"0".repeat(64)}`,
    ]);
  });
});

describe("credentialsFor", () => {
  const secret = (auths: Record<string, object>) => ({
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
  });

  it("takes the longest match first and decodes auth", () => {
    const auth = Buffer.from("user:pa:ss").toString("base64");
    const found = credentialsFor("reg.example.com/team/app:1", [
      secret({
        "https://reg.example.com/v1/": { username: "wide", password: "w" },
        "reg.example.com/team": { auth },
        "other.example.com": { username: "no", password: "n" },
        "*.example.com": { username: "glob", password: "g" },
      }),
    ]);
    expect(found.map(({ username, password }) => [username, password])).toEqual([
      ["user", "pa:ss"],
      ["wide", "w"],
      ["glob", "g"],
    ]);
  });

  it("leaves malformed secrets out", () => {
    expect(
      credentialsFor("a", [{ type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": "%%" } }]),
    ).toEqual([]);
  });
});
