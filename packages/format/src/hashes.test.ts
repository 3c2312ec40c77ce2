import { digestOf } from "@dtuf/registry";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { expect, test } from "vitest";
import { blobDigest, tufHashes } from "./hashes.ts";

const bytes = Buffer.from("content");

test.each(["sha256", "sha512"] as const)("a %s digest and its TUF hashes convert to each other", (algorithm) => {
  const digest = digestOf(bytes, algorithm);
  expect(tufHashes(digest).get(algorithm)).toHaveLength(algorithm === "sha256" ? 64 : 128);
  expect(blobDigest(tufHashes(digest))).toBe(digest);
});

test("of several hashes the sha256 names the blob, and hashes of unknown algorithms do not", () => {
  const both = new Map([["blake3", "00"], ...tufHashes(digestOf(bytes, "sha512")), ...tufHashes(digestOf(bytes))]);
  expect(blobDigest(both)).toBe(digestOf(bytes));
  expectRefused(() => blobDigest(new Map([["blake3", "00"]])), "OCI_DIGEST_INVALID");
});
