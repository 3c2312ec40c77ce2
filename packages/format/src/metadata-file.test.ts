import { describe, expect, test } from "vitest";
import { findFileVersion, metadataFileName } from "./metadata-file.ts";

describe("the version in a metadata file's name", () => {
  test("is parsed as it was encoded", () => {
    for (const version of [1, 7, 10, Number.MAX_SAFE_INTEGER]) {
      expect(findFileVersion(metadataFileName("my.role", version), "my.role")).toBe(version);
    }
  });

  test.each(["9007199254740992", "9999999999999999", "10000000000000000", "0", "01", "-1", "1e3", " 1", ""])(
    "is undefined if the digits are %j: a version is a positive safe integer",
    (digits) => expect(findFileVersion(`${digits}.root.json`, "root")).toBeUndefined(),
  );

  test("is undefined for another role's file", () => {
    expect(findFileVersion("1.root.json", "targets")).toBeUndefined();
    expect(findFileVersion("root.json", "root")).toBeUndefined();
  });
});
