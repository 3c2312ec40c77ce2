/** The signed patches of a target, `custom.dtuf.patches`: from which older content each one is, and its blob. */
import { isDigest, type Descriptor, type Digest } from "@dtuf/registry";
import type { Json, JsonObject, TargetFile } from "@dtuf/tuf";
import { patchMediaType } from "../media-types.ts";
import { objectField, ownFields, withOwn } from "./own-fields.ts";

/** Patches of one target. */
export const patchesMax = 8;

export interface TargetPatch {
  /** SHA-256 of the older content, 64 hex digits. */
  readonly from: string;
  readonly blob: Descriptor;
  /** The first bytes of the blob. */
  readonly table: { readonly digest: Digest; readonly size: number };
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
    patches: patches.map(({ from, blob: { digest, size }, table }) => ({ from, digest, size, table: { ...table } })),
  });
}

function parsePatch(entry: Json): TargetPatch | undefined {
  const fields = objectField({ entry }, "entry");
  const from = fields?.["from"];
  const blob = parseSized(fields);
  const table = parseSized(objectField(fields, "table"));
  if (typeof from !== "string" || !/^[0-9a-f]{64}$/.test(from)) return undefined;
  if (blob === undefined || table === undefined || table.size > blob.size) return undefined;
  return { from, blob: { mediaType: patchMediaType, ...blob }, table };
}

function parseSized(fields: JsonObject | undefined): TargetPatch["table"] | undefined {
  const { digest, size } = fields ?? {};
  if (typeof digest !== "string" || !isDigest(digest)) return undefined;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1) return undefined;
  return { digest, size };
}
