import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseChallenges } from "./challenge.ts";

const plain = (headers: readonly string[]): unknown =>
  parseChallenges(headers).map(({ scheme, parameters, token68 }) => [
    scheme,
    Object.fromEntries(parameters),
    ...(token68 === undefined ? [] : [token68]),
  ]);

describe("parseChallenges", () => {
  test("reads a registry's Bearer challenge, commas inside quotes kept", () => {
    const header = 'Bearer realm="https://a.example/token?x=1",service="a b",scope="repository:n/m:push,pull"';
    expect(plain([header])).toEqual([
      ["bearer", { realm: "https://a.example/token?x=1", service: "a b", scope: "repository:n/m:push,pull" }],
    ]);
  });

  test.each<[string, readonly string[], unknown]>([
    [
      "two in one header",
      ['Basic realm="r", BEARER Realm="t"'],
      [
        ["basic", { realm: "r" }],
        ["bearer", { realm: "t" }],
      ],
    ],
    [
      "two headers",
      ["Negotiate", 'Bearer realm="t"'],
      [
        ["negotiate", {}],
        ["bearer", { realm: "t" }],
      ],
    ],
    [
      "a token68",
      ["Negotiate YWJj==, Basic realm=r"],
      [
        ["negotiate", {}, "YWJj=="],
        ["basic", { realm: "r" }],
      ],
    ],
    ["escapes", ['Basic realm="a\\"b\\\\c"'], [["basic", { realm: 'a"b\\c' }]]],
    ["blanks around =", ['Bearer realm = "t" , service\t= s'], [["bearer", { realm: "t", service: "s" }]]],
    ["missing commas", ['Bearer realm="t" service="s"'], [["bearer", { realm: "t", service: "s" }]]],
    [
      "an unquoted URL",
      ["Bearer realm=https://a/t?q=1,service=s"],
      [["bearer", { realm: "https://a/t?q=1", service: "s" }]],
    ],
    ["an unclosed quote", ['Bearer realm="t,'], [["bearer", { realm: "t," }]]],
    ["a quote after a lone backslash", ['Bearer realm="t\\'], [["bearer", { realm: "t" }]]],
    ["empty list members", [',, Basic ,realm="r",,'], [["basic", { realm: "r" }]]],
    ["a repeated parameter: the first counts", ['Bearer realm="a", realm="b"'], [["bearer", { realm: "a" }]]],
    ["parameters without a scheme", ['realm="x"'], []],
    ["nothing", ["", " ", ",", '"', "="], []],
    ["names of Object.prototype", ['Bearer __proto__="x"'], [["bearer", JSON.parse('{"__proto__":"x"}')]]],
  ])("reads %s [T81]", (_, headers, wanted) => {
    expect(plain(headers)).toEqual(wanted);
  });

  test("parses every well-formed challenge in every spelling [T81]", () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    const challenge = fc.tuple(
      token,
      fc.dictionary(token, fc.string(), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
    );
    const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    const write = ([scheme, parameters]: readonly [string, Record<string, string>]): string =>
      `${scheme} ${Object.entries(parameters)
        .map(([name, value]) => `${name}=${quote(value)}`)
        .join(", ")}`;
    fc.assert(
      fc.property(fc.array(challenge), (challenges) => {
        expect(plain([challenges.map(write).join(", ")])).toEqual(challenges);
        expect(plain(challenges.map(write))).toEqual(challenges);
      }),
    );
  });

  test("never throws and returns only text that was sent [T81]", () => {
    const noise = fc.array(
      fc.oneof(fc.string(), fc.constantFrom('"', "\\", ",", "=", " ", "\t", "Bearer ", "realm=", '"\\"', "Basic", "é")),
    );
    fc.assert(
      fc.property(fc.array(noise.map((parts) => parts.join(""))), (headers) => {
        for (const { scheme, parameters } of parseChallenges(headers)) {
          expect(scheme).toMatch(/^[!-~]+$/);
          expect([...parameters.keys()].every((name) => name === name.toLowerCase())).toBe(true);
        }
      }),
    );
  });

  test.each([
    ["quotes", '"'],
    ["backslashes", 'a="\\'],
    ["words", "a "],
    ["pairs", "a=b,"],
    ["blanks", " "],
    ["equals", "a ="],
    ["token68", "/"],
  ])("reads 1 MB of %s [T81]", (_, text) => {
    const header = `Bearer ${text.repeat(1_000_000 / text.length)}, Basic realm="r"`;
    expect(parseChallenges([header])[0]?.scheme).toBe("bearer");
  });
});
