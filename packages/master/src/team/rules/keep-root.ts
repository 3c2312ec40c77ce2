/** What a new proposal does to the root of the proposal before. Pure. */
import type { ProposalStatement } from "@dtuf/format";
import { parseUnverified, signDocument, signedSha256, type Root, type Trusted } from "@dtuf/tuf";
import type { Made } from "../../documents/team-memory.ts";
import { MasterError } from "../../errors.ts";
import { isMet, topLevelNeed } from "./needs.ts";
import type { FoundFile } from "./place-files.ts";

export interface KeepRootOptions {
  /** The proposal that is replaced. */
  readonly before: { readonly statement: { readonly name: string }; readonly files: readonly FoundFile[] } | undefined;
  /** Everything that is proposed. */
  readonly proposed: readonly Pick<ProposalStatement, "files">[];
  readonly published: Trusted<Root>;
  /** The newest root that was signed here in a proposal. */
  readonly signedHere: Made | undefined;
  readonly now: Date;
}

/**
 * Takes the last root of `before`, or the one that is known here to have all its signatures, instead of the one among `files` if
 * they differ in nothing but their expiry. A root has one version only: as soon as one of that version has all its signatures, no
 * other one can be signed, and a proposal with another one could never be published. A root that was neither signed here nor by
 * all who must is not taken, because who writes to the registry chose its expiry. With nothing to propose, a root that has all its
 * signatures and is in no proposal any more is proposed again.
 * @throws MasterError MASTER_PROPOSAL_CHANGED if a root that has all its signatures would be lost
 */
export async function keepRoot(files: readonly FoundFile[], options: KeepRootOptions): Promise<readonly FoundFile[]> {
  const { before } = options;
  const there = before?.files.findLast(({ role }) => role === "root");
  const complete = findComplete(options);
  if (files.length === 0 && complete !== undefined && follows(complete, options) && isNowhere(complete, options))
    return [complete];
  let kept = files;
  for (const root of [complete, there]) {
    if (root !== undefined) kept = await withRoot(kept, root, options);
  }
  const isLost = there !== undefined && kept.every(({ sha256 }) => sha256 !== there.sha256);
  if (isLost && follows(there, options) && isComplete(there, options)) throw rootLost(before?.statement.name, there);
  return kept;
}

/** `files` with that root, if it may take the place of theirs. */
async function withRoot(
  files: readonly FoundFile[],
  root: FoundFile,
  options: KeepRootOptions,
): Promise<readonly FoundFile[]> {
  const drafted = files.findLast(({ role }) => role === "root");
  if (drafted?.document.type !== "root" || root.document.type !== "root") return files;
  if (root.follows !== drafted.follows || root.document.expires <= options.now) return files;
  if (root.sha256 !== options.signedHere?.sha256 && !isComplete(root, options)) return files;
  const { expires } = root.document;
  const same = await signDocument({ ...drafted.document, expires }, []);
  return signedSha256(same) === root.sha256 ? files.map((file) => (file === drafted ? root : file)) : files;
}

/** The root that all who must have signed, as far as this machine has seen. The registry may not have it any more. */
function findComplete({ signedHere, published }: KeepRootOptions): FoundFile | undefined {
  if (signedHere?.file === undefined || signedHere.version !== published.signed.version + 1) return undefined;
  const { version, sha256, file } = signedHere;
  const bytes = Buffer.from(file, "base64");
  const document = parseUnverified(bytes, "root");
  return { role: "root", version, sha256, follows: signedSha256(published.bytes), bytes, document };
}

function isNowhere({ sha256 }: FoundFile, { proposed }: KeepRootOptions): boolean {
  return proposed.every(({ files }) => files.every((file) => file.sha256 !== sha256));
}

function follows(root: FoundFile, { published, now }: KeepRootOptions): boolean {
  return root.follows === signedSha256(published.bytes) && root.document.expires > now;
}

function isComplete({ bytes, document }: FoundFile, { published }: KeepRootOptions): boolean {
  if (document.type !== "root") return false;
  return [published.signed, document].every((root) => isMet(bytes, topLevelNeed("root", root)));
}

function rootLost(name: string | undefined, { version }: FoundFile): MasterError {
  const message = `proposal ${name} has root ${version} with all its signatures, and no other one will be signed: accept it first, or propose this under another name`;
  return new MasterError("MASTER_PROPOSAL_CHANGED", message, { details: { role: "root", got: version } });
}
