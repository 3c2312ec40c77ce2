/**
 * The signed patches of a target, `custom.dtuf.patches`: from which older content each one is, and its blob. One from the empty
 * content is a compressed copy of the target. One to another older content is a step on the way to the target.
 */
import { createHash } from "node:crypto";
import { isDigest, type Descriptor, type Digest } from "@dtuf/registry";
import type { Json, JsonObject, TargetFile } from "@dtuf/tuf";
import { patchMediaType } from "../media-types.ts";
import { objectField, ownFields, withOwn } from "./own-fields.ts";

/** Patches of one target. */
export const patchesMax = 8;

export interface TargetPatch {
  /** SHA-256 of the older content, 64 hex digits. */
  readonly from: string;
  /** Another older content that it makes. Undefined: the target. */
  readonly to?: { readonly sha256: string; readonly length: number } | undefined;
  readonly blob: Descriptor;
  /** The first bytes of the blob. */
  readonly table: { readonly digest: Digest; readonly size: number };
}

/** SHA-256 of no bytes: a compressed copy is a patch from it. */
export const emptySha256: string = createHash("sha256").digest("hex");

/** Patches from an older content to the target, one after the other. */
export const patchChainMax = 3;

/**
 * The largest step on the way to a target, and the most that is in an archive: so many times the target, and a little more for
 * small ones, because a signer chooses these lengths and nobody is shown them.
 */
export function betweenMaxBytes(targetBytes: number): number {
  return 16 * (targetBytes + 1024 * 1024);
}

/**
 * The ways by patches from a content to the target, each of at most three patches. No content is made twice on a way, so a list
 * in a circle gives none.
 */
export function findPatchChains(patches: readonly TargetPatch[], from: string): readonly (readonly TargetPatch[])[] {
  const chains: (readonly TargetPatch[])[] = [];
  const follow = (chain: readonly TargetPatch[], at: string): void => {
    for (const patch of patches) {
      if (patch.from !== at) continue;
      const next = patch.to?.sha256;
      if (next === undefined) chains.push([...chain, patch]);
      else if (chain.length + 1 < patchChainMax && next !== from && !chain.some(({ to }) => to?.sha256 === next))
        follow([...chain, patch], next);
    }
  };
  follow([], from);
  return chains;
}

/** The patches of a target. A malformed list counts as empty, because the target can be read without them. */
export function findTargetPatches({ custom, length }: TargetFile): readonly TargetPatch[] {
  const listed = ownFields(custom)?.["patches"];
  if (!Array.isArray(listed) || listed.length > patchesMax || length === 0) return [];
  const patches = listed.map((entry: Json) => parsePatch(entry)).filter((patch) => patch !== undefined);
  return patches.length === listed.length ? patches : [];
}

/** Returns `custom` with the list of patches; other fields, also those of dtuf, are kept. */
export function withTargetPatches(custom: JsonObject | undefined, patches: readonly TargetPatch[]): JsonObject {
  return withOwn(custom, {
    patches: patches.map(({ from, to, blob: { digest, size }, table }) => ({
      from,
      ...(to && { to: { ...to } }),
      digest,
      size,
      table: { ...table },
    })),
  });
}

function parsePatch(entry: Json): TargetPatch | undefined {
  const fields = objectField({ entry }, "entry");
  const from = fields?.["from"];
  const blob = parseSized(fields);
  const table = parseSized(objectField(fields, "table"));
  const to = parseContent(fields);
  if (!isSha256(from) || to === "malformed") return undefined;
  if (blob === undefined || table === undefined || table.size > blob.size) return undefined;
  return { from, ...(to && { to }), blob: { mediaType: patchMediaType, ...blob }, table };
}

function parseContent(fields: JsonObject | undefined): TargetPatch["to"] | "malformed" {
  if (fields === undefined || !Object.hasOwn(fields, "to")) return undefined;
  const { sha256, length } = objectField(fields, "to") ?? {};
  return isSha256(sha256) && typeof length === "number" && Number.isSafeInteger(length) && length > 0
    ? { sha256, length }
    : "malformed";
}

function isSha256(value: Json | undefined): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function parseSized(fields: JsonObject | undefined): TargetPatch["table"] | undefined {
  const { digest, size } = fields ?? {};
  if (typeof digest !== "string" || !isDigest(digest)) return undefined;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1) return undefined;
  return { digest, size };
}
