import { digestOf, isTag, parseTag } from "@dtuf/registry";
import { parseRoleName, parseTargetPath } from "@dtuf/tuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseReleaseTag, plainRoleTag, releaseTag, rolePartTag, roleTag, targetTag } from "./tags.ts";

const sha256 = "a".repeat(64);
const standIn = (name: string, digits = 58): string =>
  `dtuf-${digestOf(Buffer.from(name)).slice("sha256:".length).slice(0, digits)}`;

describe("tags", () => {
  test("a name that is a legal part of a tag is used unchanged", () => {
    expect(targetTag(sha256, parseTargetPath("demo.txt"))).toBe(`${sha256}.demo.txt`);
    expect(roleTag(parseRoleName("team-a"), 7)).toBe("meta.7.team-a");
    expect(rolePartTag(parseRoleName("team-a"), 7, 2)).toBe("meta.7-2.team-a");
    expect(releaseTag(12)).toBe("release.12");
  });

  test.each(["a/b", "a b", "ü", "x".repeat(64), ".."])("the name %j is replaced by its digest", (name) => {
    const tag = targetTag(sha256, parseTargetPath(name));
    expect(tag).toBe(name === ".." ? `${sha256}...` : `${sha256}.${standIn(name)}`);
    expect(isTag(tag)).toBe(true);
  });

  test("a name that looks like a substitute does not get another name's tag", () => {
    expect(targetTag(sha256, parseTargetPath(standIn("a/b")))).not.toBe(targetTag(sha256, parseTargetPath("a/b")));
    expect(roleTag(parseRoleName("a/b"), 1)).toBe(`meta.1.${standIn("a/b", 64)}`);
    expect(roleTag(parseRoleName(standIn("a/b", 64)), 1)).not.toBe(roleTag(parseRoleName("a/b"), 1));
  });

  test("no two names share a tag, and every tag is legal", () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 80, unit: "grapheme" }), { maxLength: 20 });
    fc.assert(
      fc.property(names, (texts) => {
        const tags = texts
          .filter((text) => text.isWellFormed() && !text.includes("\0"))
          .map((text) => targetTag(sha256, parseTargetPath(text)));
        return new Set(tags).size === tags.length && tags.every(isTag);
      }),
    );
  });

  test("a role's part never gets the tag of a role whose name starts with a number", () => {
    expect(rolePartTag(parseRoleName("x"), 3, 1)).not.toBe(roleTag(parseRoleName("1.x"), 3));
  });

  test.each(["latest", "release.1", "meta.1.x", `${sha256}.x`, "a/b", standIn("a/b")])(
    "the role %j has no second tag for Docker's clients",
    (name) => expect(plainRoleTag(parseRoleName(name))).toBeUndefined(),
  );

  test("a role of an ordinary name has one", () => {
    expect(plainRoleTag(parseRoleName("test-role"))).toBe("test-role");
  });

  test("only a release's tag is parsed as one", () => {
    expect(parseReleaseTag(releaseTag(41))).toBe(41);
    for (const text of ["release.0", "release.01", "release.1x", "release.99999999999999999", "latest"]) {
      expect(parseReleaseTag(parseTag(text))).toBeUndefined();
    }
  });
});
