import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { createDigester, digestAlgorithm, digestHex, digestOf, isDigest, parseDigest } from "./digest.ts";

const hex = "0123456789abcdef".repeat(4);

describe("parseDigest", () => {
  test.each([`sha256:${hex}`, `sha512:${hex}${hex}`])("accepts %s", (text) => {
    expect(parseDigest(text)).toBe(text);
    expect(isDigest(text)).toBe(true);
  });

  test.each([
    ["a path that climbs", "sha256:../../x"],
    ["a path of the right length", `sha256:${"../".repeat(21)}a`],
    ["upper case", `sha256:${hex.toUpperCase()}`],
    ["one digit too few", `sha256:${hex.slice(1)}`],
    ["one digit too many", `sha256:${hex}0`],
    ["sha512 of sha256's length", `sha512:${hex}`],
    ["an unknown algorithm", `md5:${hex}`],
    ["an algorithm of any object", `constructor:${hex}`],
    ["no colon", hex],
    ["nothing after the colon", "sha256:"],
    ["nothing", ""],
    ["a line feed at the end", `sha256:${hex}\n`],
    ["a space before", ` sha256:${hex}`],
    ["a NUL", `sha256:${hex.slice(1)}\0`],
  ])("refuses %s [T67]", (_what, text) => {
    expectRefused(() => parseDigest(text), "OCI_DIGEST_INVALID");
    expect(isDigest(text)).toBe(false);
  });

  test("shows at most one line of the refused text", () => {
    expect(() => parseDigest("x".repeat(1_000_000))).toThrow(/^.{1,300}$/);
  });

  test("agrees with isDigest on any text [T67]", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^(sha256|sha512|sha1):[0-9a-fA-F./]{60,130}$/));
    fc.assert(
      fc.property(text, (text) => {
        expect(accepts(text)).toBe(isDigest(text));
      }),
    );
  });
});

function accepts(text: string): boolean {
  try {
    parseDigest(text);
    return true;
  } catch {
    return false;
  }
}

describe("a digester", () => {
  test.each(["sha256", "sha512"] as const)("gives the %s of the bytes, however they are cut", (algorithm) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const digester = createDigester(algorithm);
        for (const chunk of chunks) digester.update(chunk);
        const digest = digester.digest();
        expect(digest).toBe(digestOf(Buffer.concat(chunks), algorithm));
        expect(digestHex(digest)).toBe(createHash(algorithm).update(Buffer.concat(chunks)).digest("hex"));
        expect(digestAlgorithm(digest)).toBe(algorithm);
        expect(isDigest(digest)).toBe(true);
      }),
    );
  });
});
