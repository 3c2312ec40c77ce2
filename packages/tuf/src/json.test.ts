import fc from "fast-check";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { TufError } from "./errors.ts";
import { parseJson } from "./json.ts";

const parse = (text: string): unknown => parseJson(Buffer.from(text));

describe("strict JSON", () => {
  test.each([
    ['{"a":1,"a":2}', "at the top"],
    ['{"x":[{"a":1,"b":2,"a":1}]}', "inside a list"],
    ['{"a":1,"\\u0061":1}', "spelt with an escape"],
    ['{"__proto__":1,"__proto__":2}', "named __proto__"],
    ['{"1":1,"1":1}', "that looks like an index"],
  ])("refuses the duplicate key in %s, %s [T24]", (text) => {
    expectRefused(() => parse(text), "TUF_MALFORMED");
  });

  test.each([
    "1.0",
    "1.5",
    "1e3",
    "1E3",
    "1e400",
    "-0",
    "9007199254740993",
    "-9007199254740993",
    `1${"0".repeat(400)}`,
  ])("refuses the number %s, which others may read differently [T24]", (number) => {
    expectRefused(() => parse(`{"version":${number}}`), "TUF_MALFORMED");
  });

  test.each([
    ["a lone surrogate", '{"a":"\\ud800"}'],
    ["a lone surrogate in a key", '{"\\udc00":1}'],
    ["trailing garbage", "{} x"],
    ["a second value", "{}{}"],
    ["a trailing comma", '{"a":1,}'],
    ["a comment", "{/**/}"],
    ["single quotes", "{'a':1}"],
    ["NaN", "[NaN]"],
    ["nothing", ""],
    ["an open string", '{"a":"b'],
    ["a raw control character", '{"a":"\n"}'],
  ])("refuses %s [T24]", (_what, text) => {
    expectRefused(() => parse(text), "TUF_MALFORMED");
  });

  test("refuses a byte order mark and bytes that are not UTF-8 [T24]", () => {
    expectRefused(() => parseJson(Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d])), "TUF_MALFORMED");
    expectRefused(() => parseJson(Buffer.from([0x22, 0xff, 0x22])), "TUF_MALFORMED");
    expectRefused(() => parseJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), "TUF_MALFORMED");
  });

  test.each([
    ["UTF-8 with a byte order mark", Buffer.from("\ufeff{}")],
    ["UTF-16", Buffer.from("\ufeff{}", "utf16le")],
    ["UTF-16", Buffer.from("\ufeff{}", "utf16le").swap16()],
    ["UTF-16", Buffer.from("{}", "utf16le")],
    ["UTF-16", Buffer.from("{}", "utf16le").swap16()],
  ])("names %s, because an editor or a shell wrote it", (name, bytes) => {
    expect(() => parseJson(bytes)).toThrow(`it is ${name}; wanted plain UTF-8`);
  });

  test("refuses nesting deeper than its bound before it recurses [T23]", () => {
    expect(parse("[".repeat(64) + "]".repeat(64))).toBeDefined();
    expectRefused(() => parse("[".repeat(65) + "]".repeat(65)), "TUF_LIMIT_EXCEEDED");
    expectRefused(() => parse("[".repeat(1_000_000)), "TUF_LIMIT_EXCEEDED");
    expectRefused(() => parse('{"a":'.repeat(100_000)), "TUF_LIMIT_EXCEEDED");
  });

  test("refuses five megabytes of digits, and reads five megabytes of backslashes [T23]", () => {
    expectRefused(() => parse(`[${"9".repeat(5_000_000)}]`), "TUF_MALFORMED");
    expect(parse(`["${"\\\\".repeat(2_500_000)}"]`)).toEqual(["\\".repeat(2_500_000)]);
  });

  test("keeps __proto__ and constructor as plain keys", () => {
    const value = parse('{"__proto__":{"polluted":1},"constructor":2}');
    expect(Object.keys(value as object)).toEqual(["__proto__", "constructor"]);
    expect((value as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test("treats colons, braces, dots and escaped quotes inside strings as text", () => {
    expect(parse('{"a:{[.e\\"E\\\\":"1.5e3:\\\\\\""}')).toEqual({ 'a:{[.e"E\\': '1.5e3:\\"' });
  });

  test("parses every output of JSON.stringify for integers, strings, lists and objects", () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.maxSafeInteger().map((n) => (n === 0 ? 0 : n)),
        fc.string({ unit: "grapheme" }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value")),
        fc.dictionary(fc.string(), tie("value")),
      ),
    }));
    fc.assert(
      fc.property(value, fc.constantFrom(0, 1), (json, indent) => {
        expect(parse(JSON.stringify(json, null, indent))).toEqual(JSON.parse(JSON.stringify(json)));
      }),
    );
  });

  test("agrees with JSON.parse on arbitrary text, or refuses it", () => {
    const token = fc.constantFrom("{", "}", "[", "]", ":", ",", '"a"', '"b"', "1", "true", "null", '"\\""', " ");
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        const text = tokens.join("");
        let value: unknown;
        try {
          value = parse(text);
        } catch (error) {
          return TufError.is(error);
        }
        expect(value).toEqual(JSON.parse(text));
        return true;
      }),
      { numRuns: 2000 },
    );
  });
});
