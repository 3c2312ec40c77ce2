import { describe, expect, test } from "vitest";
import { encodeRootChain, parseRootFile, rootFileMaxBytes } from "./root-file.ts";

const roots = ['{ "signed": 1 }\n', "{}", `{"ü":"-----BEGIN PUBLIC KEY-----"}`].map((text) => Buffer.from(text));

const refusal = expect.objectContaining({ code: "FORMAT_ROOT_CHAIN_INVALID" });

describe("a file of roots", () => {
  test("gives every root of a chain back byte for byte", () => {
    expect(parseRootFile(encodeRootChain(roots))).toEqual(roots);
  });

  test.each(roots.map(String))("that begins with { is one root, as it is: %j", (text) => {
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
  ])("that is no chain after all is refused: %j", (text) =>
    expect(() => parseRootFile(Buffer.from(text))).toThrow(refusal),
  );

  test("that is no UTF-8, or larger than a chain may be, is refused", () => {
    expect(() => parseRootFile(Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]))).toThrow(refusal);
    expect(() => parseRootFile(Buffer.alloc(rootFileMaxBytes + 1, "["))).toThrow(refusal);
  });
});
