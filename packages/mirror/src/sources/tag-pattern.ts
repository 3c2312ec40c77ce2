/** Patterns for tags. They are RE2 expressions, because patterns come from lists and RE2 takes linear time. */
import type { TagName } from "@dtuf/registry";
import { RE2JS } from "re2js";
import semver from "semver";
import { MirrorError } from "../errors.ts";

export type TagTest = (tag: string) => boolean;

/** Matches anywhere in the tag, like skopeo. @throws MirrorError MIRROR_PATTERN_INVALID */
export function parseTagRegex(text: string): TagTest {
  try {
    const pattern = RE2JS.compile(text);
    return (tag) => pattern.matcher(tag).find();
  } catch (cause) {
    throw new MirrorError("MIRROR_PATTERN_INVALID", `not a regular expression of RE2: ${JSON.stringify(text)}`, {
      details: { got: text },
      cause,
    });
  }
}

/**
 * Parses a constraint like skopeo (Masterminds/semver): `,` or a blank is "and", `||` is "or"; `= != > < >= <= ~ ^ - x *`.
 * Tags such as `v1.2` and `1` are versions; other tags never match. A pre-release matches only if every part of the
 * constraint names a pre-release.
 * @throws MirrorError MIRROR_PATTERN_INVALID
 */
export function parseSemverConstraint(text: string): TagTest {
  const alternatives = text.split("||").map((part) => parseConjunction(part, text));
  return (tag) => {
    const version = parseTagVersion(tag);
    return version !== undefined && alternatives.some((matches) => matches(version));
  };
}

function parseConjunction(part: string, whole: string): (version: semver.SemVer) => boolean {
  const excluded = [...part.matchAll(/!=\s*([^\s,]+)/g)].map(([, version = ""]) => version);
  const rest = part
    .replaceAll(/!=\s*[^\s,]+/g, " ")
    .replaceAll(",", " ")
    .replaceAll("=>", ">=")
    .replaceAll("=<", "<=")
    .trim();
  const range = parseRange(rest, whole);
  const exclusions = excluded.map((version) => parseRange(version, whole));
  const words = part.split(/[\s,]+/).filter((word) => /\d/.test(word));
  const takesPrereleases = words.length > 0 && words.every((word) => word.includes("-"));
  return (version) =>
    (version.prerelease.length === 0 || takesPrereleases) &&
    range.test(version) &&
    !exclusions.some((exclusion) => exclusion.test(version));
}

function parseRange(text: string, whole: string): semver.Range {
  try {
    return new semver.Range(text, { includePrerelease: true });
  } catch (cause) {
    throw new MirrorError("MIRROR_PATTERN_INVALID", `not a version constraint: ${JSON.stringify(whole)}`, {
      details: { got: whole },
      cause,
    });
  }
}

/** Parses a tag as a version: `v1.2` is 1.2.0. Returns undefined if the tag is not a version. */
function parseTagVersion(tag: string): semver.SemVer | undefined {
  const match = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]+))?$/.exec(tag);
  if (match === null) return undefined;
  const [, major = "0", minor = "0", patch = "0", prerelease] = match;
  const numbers = [major, minor, patch].map(Number).join(".");
  return semver.parse(prerelease === undefined ? numbers : `${numbers}-${prerelease}`) ?? undefined;
}

/** Returns the highest versions, the highest first. Tags that are not versions are left out. */
export function newestVersions(tags: readonly TagName[], count: number): readonly TagName[] {
  return tags
    .flatMap((tag) => {
      const version = parseTagVersion(tag);
      return version === undefined ? [] : [{ tag, version }];
    })
    .toSorted((a, b) => semver.rcompare(a.version, b.version))
    .slice(0, count)
    .map(({ tag }) => tag);
}
