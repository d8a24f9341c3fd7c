import { describe, expect, it } from "vitest";
import { compile, evaluationMessage } from "./cel.ts";

const evaluate = (source: string): unknown => compile(source, []).evaluate({});

describe("Kubernetes' libraries of CEL", () => {
  it.each([
    "ip('10.0.0.1').family() == 4 && ip('2001:db8:0:0::1').family() == 6",
    "string(ip('2001:DB8:0:0::1')) == '2001:db8::1' && ip('2001:DB8::1') == ip('2001:db8:0::1')",
    "ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:DB8::1')",
    "isIP('::') && !isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0') && !isIP('1.2.3')",
    "ip('127.0.0.1').isLoopback() && ip('::1').isLoopback() && !ip('10.0.0.1').isLoopback()",
    "ip('0.0.0.0').isUnspecified() && ip('ff02::1').isLinkLocalMulticast() && ip('fe80::1').isLinkLocalUnicast()",
    "ip('192.168.0.1').isGlobalUnicast() && !ip('224.0.0.1').isGlobalUnicast()",
    "cidr('192.168.0.0/24').containsIP('192.168.0.1') && !cidr('192.168.0.0/24').containsIP(ip('192.168.1.1'))",
    "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))",
    "!cidr('0.0.0.0/0').containsIP('::1') && cidr('::/0').containsIP('2001:db8::1')",
    "cidr('10.1.2.3/16').prefixLength() == 16 && cidr('10.1.2.3/16').ip() == ip('10.1.2.3')",
    "string(cidr('10.1.2.3/16').masked()) == '10.1.0.0/16' && cidr('2001:db8::1/64').masked() == cidr('2001:db8::/64')",
    "isCIDR('::/0') && !isCIDR('10.0.0.0/33') && !isCIDR('10.0.0.0/08') && !isCIDR('10.0.0.0')",
    "['10.0.0.1'].all(ip, isIP(ip))",
    "!format.dns1123Label().validate('my-label').hasValue()",
    "format.dns1123Label().validate('My Label').value().size() == 1",
    "format.uuid().validate('x').value() == ['does not match the UUID format']",
    "format.named('labelValue').hasValue() && !format.named('nothing').hasValue()",
    "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))",
    "semver('1.0.0-alpha.2').compareTo(semver('1.0.0-alpha.10')) == -1 && semver('1.0.0+a') == semver('1.0.0+b')",
    "semver('v01.2', true).minor() == 2 && !isSemver('v1.2') && isSemver('v1.2', true) && !isSemver('1.02.0')",
    "quantity('1Gi').add(quantity('1Gi')) == quantity('2Gi') && quantity('50k').sub(20).compareTo(quantity('49980')) == 0",
    "quantity('1.5').sign() == 1 && !quantity('1.5').isInteger() && quantity('50k').asInteger() == 50000",
    "quantity('500m').asApproximateFloat() == 0.5",
    "sets.contains([1, 2], [2]) && sets.equivalent([[1], [2]], [[2], [1]]) && !sets.intersects([1], [2])",
    "[3, 1, 2].sort() == [1, 2, 3] && [1, 1, 2].distinct() == [1, 2] && lists.range(2) == [0, 1]",
    "[[1], [2]].flatten() == [1, 2] && [1, 2, 3].slice(1, 2) == [2] && [1].first().value() == 1",
    "'abab'.findAll('[ab]', 3) == ['a', 'b', 'a'] && 'aaa'.replace('a', 'b', 2) == 'bba'",
    "url('https://example.com/a?b=c&b=d').getQuery()['b'] == ['c', 'd']",
    "optional.of(1).optMap(x, x + 1).value() == 2 && !optional.none().optMap(x, x).hasValue()",
    "{'a': {'b': 1}}.?a.optFlatMap(a, a.?b).orValue(0) == 1",
    "[1, 2].all(i, v, v == i + 1) && {'a': 'b'}.exists(k, v, k + v == 'ab') && [5, 6].existsOne(i, _v, i == 1)",
    "['a', 'b'].transformList(i, v, i > 0, v + v) == ['bb'] && {'a': 1}.transformMap(k, v, v + 1)['a'] == 2",
    "[0, 1].exists(i, v, 1 / v == 1) && [[1], [2]].all(i, v, v.exists(j, w, w == i + 1 && j == 0))",
    "jsonpatch.escapeKey('a/b~c') == 'a~1b~0c'",
  ])("%s", (source) => {
    expect(evaluate(source)).toBe(true);
  });

  it.each([
    ["ip('1.2.3')", 'IP Address "1.2.3" parse error during conversion from string'],
    ["ip('::ffff:1.2.3.4')", 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'],
    ["quantity('1.5').asInteger()", "cannot convert value to integer"],
    ["[1].slice(0, 2)", "cannot slice(0, 2), list is length 1"],
  ])("%s fails", (source, message) => {
    let said = "";
    try {
      evaluate(source);
    } catch (error) {
      said = evaluationMessage(error);
    }
    expect(said).toContain(message);
  });
});
