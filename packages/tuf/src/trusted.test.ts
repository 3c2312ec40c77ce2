import { createHash } from "node:crypto";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { expect, test } from "vitest";
import { isSuperseded, verifySuccessor } from "./trusted.ts";

const bytes = Buffer.from("a role");
const listed = (version: number, content: Uint8Array) => ({
  version,
  hashes: new Map([["sha256", createHash("sha256").update(content).digest("hex")]]),
  unrecognized: {},
});
const file = { name: "team", version: 2, bytes };

test.each([
  ["a role that is not listed", undefined],
  ["an older version", listed(1, Buffer.from("other"))],
  ["the same file", listed(2, bytes)],
])("a file may follow %s", (_what, meta) => {
  expect(isSuperseded(file, meta)).toBe(false);
  expect(() => verifySuccessor(file, meta)).not.toThrow();
});

test.each([
  ["a newer version", listed(3, bytes)],
  ["another content of its version", listed(2, Buffer.from("other"))],
  ["its version, listed without a hash", { version: 2, unrecognized: {} }],
])("a file may not follow %s", (_what, meta) => {
  expect(isSuperseded(file, meta)).toBe(true);
  expectRefused(() => verifySuccessor(file, meta), "TUF_ROLLBACK");
});
