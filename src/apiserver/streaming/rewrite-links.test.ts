import { expect, it } from "vitest";
import { rewriteHtml, rewritePage } from "./rewrite-links.ts";

const location = { prefix: "/api/v1/namespaces/x/services/y/proxy", backendHost: "web:80", requestHost: "api" };

it("rewrites a long page as a short one, and lets others have the thread meanwhile", async () => {
  const unit = `<p>text</p> <a class=b href='/x'>x</a> <img src="/y.png" longdesc=/z> <a href="https://other/">o</a>\n`;
  const page = unit.repeat(10_000);
  let turns = 0;
  let done = false;
  const count = (): void => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  const rewritten = await rewritePage(page, location);
  done = true;
  expect(rewritten === rewriteHtml(unit, location).repeat(10_000)).toBe(true);
  expect(rewriteHtml(unit, location)).toContain(`href="${location.prefix}/x"`);
  expect(turns).toBeGreaterThan(10);
});

it("leaves a tag that is longer than a page's as it is", async () => {
  const tag = `<a${" href=/x".repeat(20_000)}>`;
  expect((await rewritePage(`${tag}<a href=/x>`, location)) === `${tag}<a href="${location.prefix}/x">`).toBe(true);
});
