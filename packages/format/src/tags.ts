/**
 * Tags of format version 1. Every name has exactly one tag and no two names share one: a name that is not a legal part of
 * a tag, or that has the form of a substitute, is replaced by `dtuf-` and the sha256 of the name in hex, of which a
 * target's tag contains 58 digits. Tags are hints for finding bytes; nothing is trusted because of a tag.
 */
import { digestHex, digestOf, isTag, parseTag, type TagName } from "@dtuf/registry";
import type { RoleName, TargetPath } from "@dtuf/tuf";
import { parseVersion } from "./metadata-file.ts";

/** Names the newest release. Moving it publishes a release to readers. */
export const latestTag: TagName = parseTag("latest");

/** A release's own permanent tag. */
export function releaseTag(timestampVersion: number): TagName {
  return parseTag(`release.${timestampVersion}`);
}

/** The timestamp version in a release's tag; undefined for any other tag. */
export function parseReleaseTag(tag: TagName): number | undefined {
  return parseVersion(/^release\.([0-9]+)$/.exec(tag)?.[1]);
}

/** The tag of a delegated role's manifest. It is never moved. */
export function roleTag(role: RoleName, version: number): TagName {
  return named(`meta.${version}.`, role);
}

/** The tag of the n-th further manifest (n from 1) of a role whose targets' blobs do not fit into one manifest. */
export function rolePartTag(role: RoleName | "targets", version: number, part: number): TagName {
  return named(`meta.${version}-${part}.`, role);
}

/** The tag under which Docker's clients look for a delegated role: its plain name. Undefined if that cannot be used. */
export function plainRoleTag(role: RoleName): TagName | undefined {
  const reserved = role === String(latestTag) || /^(?:release\.|meta\.|proposal\.|[0-9a-f]{64}\.)/.test(role);
  return isTag(role) && !reserved && !standIn.test(role) ? role : undefined;
}

/** Whether the name can be that of a proposal: a legal tag of at most 100 characters. */
export function isProposalName(name: string): boolean {
  return isTag(name) && name.length <= 100;
}

/** The tag of an open proposal. It moves when a signature is added. @throws OciError OCI_TAG_INVALID */
export function proposalTag(name: string): TagName {
  return parseTag(`proposal.${name}`);
}

/** The name in a proposal's tag; undefined for any other tag. */
export function parseProposalTag(tag: TagName): string | undefined {
  const name = /^proposal\.(.*)$/.exec(tag)?.[1];
  return name !== undefined && isProposalName(name) ? name : undefined;
}

/** @param sha256Hex the TUF hash of the target, 64 lower-case hex digits */
export function targetTag(sha256Hex: string, path: TargetPath): TagName {
  return named(`${sha256Hex}.`, path, targetStandInDigits);
}

/** In addition to a target's own 64 digits and the two separators, 58 digits of the name's hash fit into a tag. */
const targetStandInDigits = 58;

const standIn = /^dtuf-[0-9a-f]{58}(?:[0-9a-f]{6})?$/;

function named(prefix: string, name: string, digits = 64): TagName {
  const tag = prefix + name;
  if (isTag(tag) && !standIn.test(name)) return tag;
  const hash = digestHex(digestOf(new TextEncoder().encode(name)));
  return parseTag(`${prefix}dtuf-${hash.slice(0, digits)}`);
}
