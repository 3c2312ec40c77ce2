import { createHash } from "node:crypto";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { TargetFile } from "./file-info.ts";
import { createTargetVerifier } from "./target-verifier.ts";

const bytes = Buffer.from("target file contents");
const hex = (algorithm: string): string => createHash(algorithm).update(bytes).digest("hex");
const file = (hashes: Record<string, string>, length: number = bytes.length): TargetFile => ({
  length,
  hashes: new Map(Object.entries(hashes)),
  unrecognized: {},
});

describe("target verifier", () => {
  test.each([bytes.length, 7, 1])("accepts the right bytes in chunks of %i", (size) => {
    const verifier = createTargetVerifier(file({ sha256: hex("sha256"), sha512: hex("sha512"), md5: "nonsense" }));
    for (let at = 0; at < bytes.length; at += size) verifier.update(bytes.subarray(at, at + size));
    expect(() => verifier.finish()).not.toThrow();
  });

  test("refuses the first byte too many, before the end is reached", () => {
    const verifier = createTargetVerifier(file({ sha256: hex("sha256") }));
    verifier.update(bytes);
    expectRefused(() => verifier.update(Buffer.of(0)), "TUF_LENGTH_MISMATCH");
  });

  test("refuses a target that ends early", () => {
    const verifier = createTargetVerifier(file({ sha256: hex("sha256") }));
    verifier.update(bytes.subarray(1));
    expectRefused(() => verifier.finish(), "TUF_LENGTH_MISMATCH");
  });

  test.each([2 ** 31, 2 ** 32])(
    "refuses a target that ends %i bytes early: no count is cut to 32 bits [T150]",
    (missing) => {
      const verifier = createTargetVerifier(file({ sha256: hex("sha256") }, bytes.length + missing));
      verifier.update(bytes);
      expectRefused(() => verifier.finish(), "TUF_LENGTH_MISMATCH");
    },
  );

  test("refuses other bytes of the right length, also if only one of two hashes is wrong", () => {
    const other = createTargetVerifier(file({ sha512: hex("sha512") }));
    other.update(Buffer.alloc(bytes.length));
    expectRefused(() => other.finish(), "TUF_HASH_MISMATCH");
    for (const hashes of [
      { sha256: hex("sha256"), sha512: "00".repeat(64) },
      { sha256: "00".repeat(32), sha512: hex("sha512") },
    ]) {
      const half = createTargetVerifier(file(hashes));
      half.update(bytes);
      expectRefused(() => half.finish(), "TUF_HASH_MISMATCH");
    }
  });

  test("refuses to verify by length alone [T31]", () => {
    expect(() => createTargetVerifier(file({}))).toThrow(TypeError);
    expect(() => createTargetVerifier(file({ md5: hex("md5") }))).toThrow(TypeError);
  });

  test("accepts an empty target", () => {
    const sha256 = createHash("sha256").digest("hex");
    expect(() => createTargetVerifier(file({ sha256 }, 0)).finish()).not.toThrow();
  });

  test("counts bytes whose hashes the caller proves", () => {
    const wrong = file({ sha256: "00".repeat(32) });
    const verifier = createTargetVerifier(wrong, { hashesProven: true });
    verifier.update(bytes);
    expect(() => verifier.finish()).not.toThrow();
    expectRefused(() => verifier.update(Buffer.of(0)), "TUF_LENGTH_MISMATCH");
    expectRefused(() => createTargetVerifier(wrong, { hashesProven: true }).finish(), "TUF_LENGTH_MISMATCH");
  });
});
