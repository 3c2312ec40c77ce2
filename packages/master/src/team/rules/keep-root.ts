/** A root that is proposed again keeps the expiry and the signatures that it had. Pure. */
import { signDocument, signedSha256, type Root } from "@dtuf/tuf";
import { isMet, topLevelNeed } from "./needs.ts";
import type { FoundFile } from "./place-files.ts";

export interface KeepRootOptions {
  /** The files of the proposal that is replaced. */
  readonly before: readonly FoundFile[];
  /** The published root. */
  readonly published: Root;
  /** SHA-256 of the newest root that was signed here in a proposal. */
  readonly signedHere: string | undefined;
  readonly now: Date;
}

/**
 * Takes the last root of `before` instead of the one among `files` if they differ in nothing but their expiry. A root has
 * one version only: as soon as one of that version has all its signatures, no other one can be signed, and a proposal with
 * another one could never be published. A root that was neither signed here nor by all who must is not taken, because
 * who writes to the registry chose its expiry.
 */
export async function keepRoot(
  files: readonly FoundFile[],
  { before, published, signedHere, now }: KeepRootOptions,
): Promise<readonly FoundFile[]> {
  const drafted = files.findLast(({ role }) => role === "root");
  const kept = before.findLast(({ role }) => role === "root");
  if (drafted?.document.type !== "root" || kept?.document.type !== "root") return files;
  if (kept.follows !== drafted.follows || kept.document.expires <= now) return files;
  const needs = [topLevelNeed("root", published), topLevelNeed("root", kept.document)];
  if (kept.sha256 !== signedHere && !needs.every((need) => isMet(kept.bytes, need))) return files;
  const { expires } = kept.document;
  const same = await signDocument({ ...drafted.document, expires }, []);
  return signedSha256(same) === kept.sha256 ? files.map((file) => (file === drafted ? kept : file)) : files;
}
