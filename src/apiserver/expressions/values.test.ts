import { expect, it } from "vitest";
import { compile } from "./cel.ts";
import { fromCel, toCel } from "./values.ts";

const text =
  '{"data":{"constructor":"x","a":"b","__proto__":"p"},"o":{"__proto__":{"x":"y"},"constructor":{"name":"Q"},"k":"v"}}';
const self = toCel(JSON.parse(text));

it.each([
  "self.data.a == 'b' && self.data.constructor == 'x' && self.data['__proto__'] == 'p'",
  "'constructor' in self.data && has(self.data.constructor) && !has(self.data.toString) && !has(self.o.x)",
  "self.data.all(k, self.data[k] != '') && self.data.exists(k, v, v == 'x') && size(self.data) == 3",
  "self.o.k == 'v' && self.o.constructor.name == 'Q' && self.o['__proto__']['x'] == 'y'",
  "self.data == self.data && self.o != self.data && type(self.o) == map",
  "self.?o.?constructor.?name.orValue('') == 'Q' && [self.o].all(x, x.k == 'v') && dyn(self).o.k == 'v'",
])("keys that JavaScript has a meaning for have none in %s", (source) => {
  expect(compile(source, ["self"]).evaluate({ self })).toBe(true);
});

it("gives them back as they were", () => {
  expect(JSON.stringify(fromCel(self))).toBe(text);
});
