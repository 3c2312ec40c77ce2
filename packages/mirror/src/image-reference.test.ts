import { describe, expect, test } from "vitest";
import { findImageReference } from "./image-reference.ts";

describe("an image reference", () => {
  test.each([
    [String.raw`oci:C:\dir`, { text: String.raw`C:\dir` }],
    ["oci:C:dir", { text: "C:dir" }],
    [String.raw`oci:C:\dir:v1`, { text: String.raw`C:\dir`, tag: "v1" }],
    ["oci-archive:d:file.tar:v1", { text: "d:file.tar", tag: "v1" }],
    ["oci:dir:v1", { text: "dir", tag: "v1" }],
  ])("%s on Windows has its drive letter", (text, wanted) => {
    expect(findImageReference(text, "win32")).toMatchObject(wanted);
  });

  test("on other systems a letter before a colon is a directory with a tag", () => {
    expect(findImageReference("oci:C:dir", "linux")).toEqual({ transport: "oci", text: "C", tag: "dir" });
  });
});
