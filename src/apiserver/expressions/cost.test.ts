import { describe, expect, it } from "vitest";
import { CostBudget, CostLimitExceeded, EvaluationCancelled, OutOfBudget } from "./budget.ts";
import { compile } from "./cel.ts";

const values = {
  s: "ab".repeat(50),
  t: "ab",
  l: ["a", "bb", "ccc", "dddd"],
  n: [1n, 2n, 3n, 4n, 5n],
  m: { a: "x", b: "y" },
  i: 3n,
  o: { x: { y: 1n } },
  d: { a: { b: ["x", "y"] }, s: "text" },
  ll: [["a", "b"], ["c"]],
};
const names = Object.keys(values);
const run = (source: string, budget?: CostBudget): unknown => compile(source, names).evaluate(values, budget);

/** What cel-go with apiserver's environment of 1.36 counts, on variables of these types. */
const costs: readonly [string, number][] = [
  ["true", 0],
  ["1", 0],
  ["i", 1],
  ["i == 3", 2],
  ["i + 1 == 4", 3],
  ["s == t", 3],
  ["s + t == t", 15],
  ["s.size() == 100", 3],
  ["size(s) == 100", 3],
  ["s.startsWith(t)", 12],
  ["s.endsWith('ab')", 11],
  ["s.contains('abab')", 11],
  ["s.matches('^[ab]+$')", 23],
  ["s.matches('a{3}')", 12],
  ["s.find('b') == 'b'", 13],
  ["s.findAll('ab').size() == 50", 14],
  ["s.lowerAscii() == s", 22],
  ["s.replace('a', 'bb').size() > 1", 23],
  ["s.split('').size() == 100", 23],
  ["s.split('a', 3).size() == 3", 23],
  ["s.substring(1, 3) == 'ba'", 12],
  ["s.trim() == s", 22],
  ["s.indexOf('b') == 1", 12],
  ["s.charAt(1) == 'b'", 3],
  ["l.join('-') == 'x'", 5],
  ["l.join() == 'x'", 4],
  ["'%s and %d'.format([s, 3]) == ''", 12],
  ["s < t", 3],
  ["s <= t", 3],
  ["s in l", 6],
  ["'a' in l", 5],
  ["'a' in m", 2],
  ["3 in n", 6],
  ["l[1] == 'bb'", 3],
  ["m['a'] == 'x'", 3],
  ["m.a == 'x'", 3],
  ["has(m.a)", 1],
  ["has(m.c)", 1],
  ["!has(m.c)", 2],
  ["o.x.y == 1", 4],
  ["has(o.x)", 1],
  ["has(o.x.y)", 2],
  ["o['x']['y'] == 1", 4],
  ["d.a.b[0] == 'x'", 5],
  ["d.s == 'text'", 3],
  ["d.s + d.s == 'x'", 6],
  ["has(d.a.b)", 2],
  ["d.s.size() > 2", 4],
  ["d.s.startsWith('t')", 3],
  ["true && false", 0],
  ["true && true", 0],
  ["false || true", 0],
  ["i > 2 ? 'a' == 'a' : i == 9", 3],
  ["i > 2 && s.size() > 1", 5],
  ["i < 2 && s.size() > 1", 2],
  ["i > 2 || s.size() > 1", 2],
  ["!(i > 2)", 3],
  ["-i == -3", 3],
  ["[1, 2, 3] == n", 2],
  ["[] == n", 1],
  ["[1, i].size() == 2", 13],
  ["{'a': 1}.size() == 1", 2],
  ["{'a': i, 'b': 2}['a'] == 3", 34],
  ["n.all(x, x > 0)", 27],
  ["n.all(x, x < 3)", 19],
  ["n.all(x, x < 1)", 9],
  ["n.exists(x, x == 3)", 23],
  ["n.exists(x, x == 1)", 11],
  ["n.exists(x, x == 9)", 32],
  ["n.exists_one(x, x == 3)", 15],
  ["n.exists_one(x, x > 3)", 17],
  ["n.map(x, x * 2) == [2]", 73],
  ["n.map(x, x > 2, x * 2) == [2]", 55],
  ["n.filter(x, x > 2).size() == 3", 53],
  ["n.filter(x, x > 9).size() == 0", 14],
  ["l.all(x, x.size() > 0)", 26],
  ["l.all(x, l.exists(y, y == x))", 101],
  ["m.all(k, k == 'a')", 12],
  ["m.all(k, m[k] == 'x' || m[k] == 'y')", 17],
  ["m.exists(k, k == 'c')", 14],
  ["m.map(k, k).size() == 2", 30],
  ["n.all(a, n.all(b, n.all(c, a + b + c > 0)))", 1277],
  ["n.all(a, b, a + b >= 0)", 37],
  ["n.exists(a, b, a == 9)", 32],
  ["n.exists(a, b, b == 1)", 11],
  ["n.existsOne(a, b, b == 3)", 15],
  ["n.transformList(a, b, b + 1).size() == 5", 74],
  ["n.transformList(a, b, b > 2, b + 1).size() == 3", 56],
  ["m.transformMap(k, v, v + 'x').size() == 2", 14],
  ["m.transformMap(k, v, k == 'a', v + 'x').size() == 1", 13],
  ["m.all(k, v, v != '')", 10],
  ["n.sum() == 15", 7],
  ["n.min() == 1", 7],
  ["n.isSorted()", 6],
  ["n.indexOf(3) == 2", 7],
  ["l.indexOf('ccc') == 2", 2],
  ["lists.range(10).size() == 10", 23],
  ["n.slice(1, 3).size() == 2", 16],
  ["n.distinct().size() == 5", 64],
  ["n.reverse().size() == 5", 19],
  ["n.sort().size() == 5", 64],
  ["l.sort().size() == 4", 47],
  ["ll.flatten().size() == 3", 16],
  ["ll.flatten(2).size() == 3", 18],
  ["n.first().value() == 1", 4],
  ["n.last().hasValue()", 3],
  ["sets.contains(n, [1, 2])", 12],
  ["sets.equivalent(n, [1, 2])", 22],
  ["sets.intersects(n, [1, 2])", 12],
  ["n + n == n", 5],
  ["(n + n).size() == 10", 5],
  ["type(i) == int", 3],
  ["type(s) == string", 3],
  ["string(i) == '3'", 3],
  ["int('3') == 3", 1],
  ["double(i) > 1.0", 3],
  ["bytes(s).size() > 1", 13],
  ["string(bytes(s)) == s", 32],
  ["timestamp('2020-01-01T00:00:00Z') < timestamp('2021-01-01T00:00:00Z')", 1],
  ["duration('1h') < duration('2h')", 1],
  ["timestamp('2020-01-01T00:00:00Z').getFullYear() == 2020", 2],
  ["url('https://example.com:80/a').getHost() == 'example.com:80'", 6],
  ["isURL('https://example.com')", 1],
  ["ip('10.0.0.1').family() == 4", 3],
  ["isIP(s)", 11],
  ["ip.isCanonical('10.0.0.1')", 2],
  ["cidr('10.0.0.0/8').containsIP('10.0.0.1')", 3],
  ["cidr('10.0.0.0/8').containsIP(ip('10.0.0.1'))", 3],
  ["cidr('10.0.0.0/8').containsCIDR('10.0.0.0/16')", 6],
  ["cidr('10.0.0.0/8').containsCIDR(cidr('10.0.0.0/16'))", 6],
  ["cidr('10.0.0.0/8').ip() == ip('10.0.0.0')", 4],
  ["cidr('2001:db8::/32').masked().prefixLength() == 32", 5],
  ["isCIDR(s)", 11],
  ["quantity('1Gi').isLessThan(quantity('2Gi'))", 3],
  ["quantity('1Gi') == quantity('2Gi')", 3],
  ["quantity('1Gi').add(quantity('1Gi')).asInteger() > 1", 5],
  ["isQuantity(s)", 11],
  ["semver('1.2.3').isLessThan(semver('1.2.4'))", 3],
  ["isSemver('1.2.3')", 1],
  ["semver('1.2.3').major() == 1", 3],
  ["!format.dns1123Label().validate(s).hasValue()", 92],
  ["format.named('uuid').hasValue()", 2],
  ["format.named('uuid').value().validate(t).hasValue()", 22],
  ["optional.of(1).value() == 1", 3],
  ["optional.none().orValue(3) == 3", 2],
  ["optional.of(i).optMap(x, x + 1).value() == 4", 11],
  ["m.?a.orValue('z') == 'x'", 3],
  ["m.?c.orValue('z') == 'z'", 2],
  ["m.?c.hasValue()", 2],
  ["m[?'a'].orValue('z') == 'x'", 3],
  ["n[?1].orValue(9) == 2", 3],
  ["d.?a.?b.hasValue()", 4],
  ["d.?a.?b[?0].orValue('x') == 'x'", 5],
  ["o.?x.optFlatMap(y, y.?y).orValue(3) == 1", 9],
  ["i in [1, 2, 3]", 1],
  ["s in ['a', 'b']", 1],
  ["'%d'.format([i]) == '3'", 13],
  ["dyn(i) == 3", 3],
  ["dyn(s).size() > 1", 4],
  ["s.lastIndexOf('b') == 3", 12],
  ["[[1, 2], [3]].all(x, x.all(y, y > 0))", 26],
  ["n.all(x, x > 0 ? x < 10 : false)", 37],
  ["n.map(x, n.map(y, x + y)).size() == 5", 449],
  ["[i, i + 1, i + 2].exists(x, x == 4)", 31],
  ["{'k': s}.k.size() == 100", 35],
  ["[s, t].join(',').size() > 1", 35],
  ["(i > 2 ? s : t) == 'a'", 3],
  ["(i > 2 ? m.a : m.b) == 'x'", 4],
  ["(i > 2 ? m['a'] : m['b']) == 'x'", 4],
  ["(i > 2 ? (i > 5 ? s : t) : t) == 'a'", 5],
  ["(i > 2 ? o.x : o.x).y == 1", 5],
  ["(i > 2 ? [i] : [2]).size() == 1", 15],
  ["n.exists_one(x, x > 9)", 13],
  ["n.map(x, x).size() == 5", 69],
  ["ll.map(x, x.size()).size() == 2", 32],
  ["n.all(x, x in n)", 52],
  ["d.a.b.all(x, x.size() > 0)", 16],
  ["d.a.b.exists(x, x == 'y')", 16],
  ["l.filter(x, x.startsWith('b')).map(x, x + '!').join(',') == 'x'", 40],
  ["n.transformList(a, b, b).size() == 5", 69],
  ["l.all(x, x.matches('^[a-z]+$'))", 26],
  ["n.all(x, n[0] <= x)", 37],
  ["m.filter(k, k == 'a').size() == 1", 21],
  ["{'a': s}.all(k, k.size() == 1)", 38],
  ["[s, s].all(x, x == s)", 43],
  ["n.all(x, has(m.a) && x > 0)", 32],
  ["(i == 3 || i == 4) && !(i == 5) && s != t", 8],
  ["s.split('a').map(x, x.size()).sum() > 3", 788],
  ["i + i * i - i / 2 > i % 2", 11],
  ["n == n && l == l && m == m", 9],
  ["ll == ll", 3],
  ["m == {'a': 'x', 'b': 'y'}", 2],
  ["d == d", 3],
  ["s.replace('a', 'b', 1) == s", 32],
  ["s.substring(3) == s", 22],
  ["l.isSorted()", 1],
  ["l.max() == 'x'", 2],
  ["type(n) == list", 3],
  ["d.a.b[i - 3] == 'x'", 7],
  ["n[i] + n[i - 1] > 2", 8],
];

describe("the cost of an evaluation", () => {
  it.each(costs)("of %s is %d", (source, cost) => {
    run(source, new CostBudget(cost));
    if (cost > 0) expect(() => run(source, new CostBudget(cost - 1))).toThrow(OutOfBudget);
  });

  it("is not less than cel-go's where the types are not known, nor after errors", () => {
    expect(() => run("'x' in d.a.b", new CostBudget(3))).toThrow(OutOfBudget);
    expect(() => run("n.exists(x, x / (x - 1) > 0)", new CostBudget(21))).toThrow(OutOfBudget);
  });

  it("of several on one account is summed", () => {
    const budget = new CostBudget(20);
    run("n.all(x, x > 0 && x < 2)", budget);
    expect(() => run("n.all(x, x > 0)", budget)).toThrow(OutOfBudget);
    expect(budget.isSpent).toBe(true);
  });
});

const many = { items: Array.from({ length: 100 }, (_, index) => BigInt(index)), text: "a".repeat(1_000_000) };
const manyNames = Object.keys(many);
const deep = "items.all(a, items.all(b, items.all(c, items.all(d, a + b + c + d >= 0))))";

describe("limits", () => {
  const attempt = (source: string) => (): unknown => compile(source, manyNames).evaluate(many);

  it.each([
    ["of units", deep],
    ["inside of what goes on after errors", `${deep} || true`],
    ["inside of quantifiers", `items.exists(x, ${deep})`],
    ["inside of quantifiers with two variables", `items.exists(i, x, ${deep})`],
    ["of units before the work", "lists.range(100000).map(x, x).distinct().size() > 0"],
    ["of what range makes", "lists.range(1000000000000).size() > 0"],
    ["of sizes", "items.all(x, items.all(y, items.all(z, size(text) > 0 && text.size() > 0)))"],
    ["of searches", "text.contains('a'.replace('a', text) + 'b')"],
    ["of replacements", "text.replace('a', text).size() > 0"],
    ["of texts between all characters", "text.replace('', text).size() > 0"],
    ["of joined texts", "[text, text, text, text].map(x, x + x + x + x + x).join(text).size() > 0"],
    ["of regular expressions", "items.all(x, text.matches('(.{0,300})(.{0,300})b'))"],
    ["of comparisons", "items.all(x, items.all(y, [text, text] == [text, text] && text == text + ''))"],
    ["of numbers", "isQuantity(text.replace('a', '1'))"],
    ["of versions", "isSemver('1.0.' + text.replace('a', '1'))"],
    [
      "of formats",
      "'%s'.format([[text, text, text, text, text, text, text, text, text, text].map(x, x + x)]).size() > 0",
    ],
    ["of time zones", "lists.range(20000).all(x, timestamp('2026-01-01T00:00:00Z').getHours('Europe/Zurich') > 0)"],
  ])("%s end an evaluation", (_, source) => {
    expect(attempt(source)).toThrow(EvaluationCancelled);
  });

  it("of durations are in what is read", () => {
    expect(attempt(`duration('${"1".repeat(5_000)}') > duration('1s')`)).toThrow("Invalid duration string");
    expect(
      compile("duration('1h30m') == duration('-1.5h') || duration('1h30m') == duration('90m')", []).evaluate({}),
    ).toBe(true);
  });

  it("leave the next evaluation as it was", () => {
    expect(attempt(deep)).toThrow(CostLimitExceeded);
    expect(attempt("items.all(x, x >= 0)")()).toBe(true);
  });

  it("of an expression's length and depth are those of cel-go, and of chains", () => {
    expect(() => compile(`true${" ".repeat(100_000)}`, [])).toThrow(
      "expression code point size exceeds limit: size: 100004, limit 100000",
    );
    expect(() => compile(`1${"+1".repeat(20_000)}`, [])).toThrow("expression recursion limit exceeded");
    expect(compile(`1${"+1".repeat(900)} > 1`, []).evaluate({})).toBe(true);
  });
});
