import { describe, expect, test } from "vitest";
import { encodeRootChain, parseRootFile, rootFileMaxBytes } from "./root-file.ts";

const roots = ['{ "signed": 1 }\n', "{}", `{"ü":"-----BEGIN PUBLIC KEY-----"}`].map((text) => Buffer.from(text));

const refusal = expect.objectContaining({ code: "FORMAT_ROOT_CHAIN_INVALID" });

describe("a file of roots", () => {
  test("returns every root of a chain byte for byte", () => {
    expect(parseRootFile(encodeRootChain(roots))).toEqual(roots);
  });

  test.each(roots.map(String))("that starts with { is one root, unchanged: %j", (text) => {
    expect(parseRootFile(Buffer.from(text))).toEqual([Buffer.from(text)]);
  });

  test.each([
    "[]",
    "[",
    "[1]",
    "[null]",
    '[""]',
    '["e30"]',
    '["e30=\\n"]',
    '["e31="]',
    '["e30=", ["e30="]]',
    '["e30="] x',
    "  [{}]",
  ])("that is not a valid chain is refused: %j", (text) =>
    expect(() => parseRootFile(Buffer.from(text))).toThrow(refusal),
  );

  test("that is not UTF-8, or larger than a chain may be, is refused", () => {
    expect(() => parseRootFile(Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]))).toThrow(refusal);
    expect(() => parseRootFile(Buffer.alloc(rootFileMaxBytes + 1, "["))).toThrow(refusal);
  });
});
