import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalize } from "@tufjs/canonical-json";
import { canonicalJson } from "./canonical.ts";
import type { Json } from "./json.ts";
import { parseJson } from "./json.ts";

const canonical = (json: Json): string => Buffer.from(canonicalJson(json)).toString();

describe("canonical JSON", () => {
  test("escapes backslash and quote and nothing else: a newline in a PEM key stays a newline", () => {
    expect(canonical('a"b\\c\n\t\u0000é')).toBe('"a\\"b\\\\c\n\t\u0000é"');
  });

  test("orders keys by code point if UTF-16 order differs [T24]", () => {
    expect(canonical({ "\u{1f600}": 1, "\uff5e": 2, a: [{ "\u{1f600}": 3, "\uff5e": 4 }] })).toBe(
      '{"a":[{"\uff5e":4,"\u{1f600}":3}],"\uff5e":2,"\u{1f600}":1}',
    );
  });

  test("does not depend on the file's encoding [T24]", () => {
    const compact = parseJson(Buffer.from('{"b":[1,null,true],"a":{"2":"é","10":"\\r"}}'));
    const spaced = parseJson(Buffer.from('{ "a" : { "10" : "\\u000d", "2" : "\\u00e9" }, "b" : [ 1, null, true ] }\n'));
    expect(canonical(compact)).toBe('{"a":{"10":"\r","2":"é"},"b":[1,null,true]}');
    expect(canonicalJson(spaced)).toEqual(canonicalJson(compact));
  });

  test("keeps composed and decomposed letters apart [T24]", () => {
    expect(canonical({ "\u00e9": 1, "e\u0301": 2 })).toBe('{"e\u0301":2,"\u00e9":1}');
  });

  test("sorts every object by UTF-8 bytes, and equals the library's form without surrogates", () => {
    const name = fc.string({
      unit: fc.constantFrom("a", "b", "é", "\uff5e", "\ue000", "\u{1f600}", "\u{10000}", "\\", '"'),
    });
    fc.assert(
      fc.property(fc.dictionary(name, fc.integer(), { noNullPrototype: true }), (object) => {
        const text = canonical(object);
        const sorted = Object.keys(object).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(text).toBe(`{${sorted.map((key) => `${canonicalize(key)}:${object[key]}`).join(",")}}`);
        expect(/[\ud800-\udfff]/.test(text) || text === canonicalize(object)).toBe(true);
      }),
    );
  });

  test("equals the library's form of any value: keys like integers, escapes, __proto__, in any order", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "1", "0", "\\", '"', "\n", "é") });
    const name = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "9", "10", "toJSON"));
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { depthSize: "medium" },
        fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie("value")),
        fc.array(fc.tuple(name, tie("value"))).map((members): Json => Object.fromEntries(members)),
      ),
    }));
    fc.assert(
      fc.property(value, (json) => {
        expect(canonical(json)).toBe(canonicalize(json));
      }),
    );
  });
});
