/**
 * Places the files of a proposal in what is published: each follows the published one, and a delegated role lists only
 * what its delegations allow. Signatures are not required here; `needs` says which ones each file needs.
 */
import type { ProposedFile } from "@dtuf/format";
import {
  isTopLevelRole,
  parseRoleName,
  signedSha256,
  type Authority,
  type RoleName,
  type Root,
  type Targets,
} from "@dtuf/tuf";
import { MasterError } from "../../errors.ts";
import { versionJumpMax } from "../../limits.ts";
import { topLevelNeed, type Need } from "./needs.ts";
import { findRole, unknownRole, verifyScope, type FoundRole } from "./role-tree.ts";

interface PublishedFile<T> {
  readonly signed: T;
  readonly bytes: Uint8Array;
}

/** What is published: from the registry, or in a file that was carried to a machine without a network. */
export interface PublishedView {
  readonly root: PublishedFile<Root>;
  readonly targets: PublishedFile<Targets>;
  /** The version of a role that the snapshot lists, or 0. */
  readonly listedVersion: (role: RoleName) => number;
  /** A delegated role's document, verified by the keys of its delegation. */
  readonly readRole: (
    role: Pick<FoundRole, "name" | "by">,
  ) => Promise<{ readonly document: Targets; readonly bytes: Uint8Array } | undefined>;
}

export interface NamedFiles {
  /** Of the proposal. */
  readonly name: string;
  readonly files: readonly FoundFile[];
}

export interface FoundFile extends ProposedFile {
  readonly bytes: Uint8Array;
  readonly document: Root | Targets;
}

/** A file with the place that it has in the repository. */
export interface OpenedFile extends FoundFile {
  readonly before: Root | Targets | undefined;
  readonly needs: readonly Need[];
  /** Of a delegated role. */
  readonly found?: FoundRole | undefined;
}

/** What the files make of the repository. */
export interface OpenedFiles {
  readonly root: Root;
  readonly targets: Targets;
  readonly files: readonly OpenedFile[];
}

/**
 * Places the files in the repository.
 * @throws MasterError MASTER_PROPOSAL_OUTDATED, MASTER_PROPOSAL_INVALID, MASTER_ROLE_UNKNOWN, MASTER_PATH_NOT_DELEGATED
 */
export async function placeFiles(view: PublishedView, found: NamedFiles): Promise<OpenedFiles> {
  const roots = placeRoots(view, found);
  const root = roots.at(-1)?.document ?? view.root.signed;
  if (root.type !== "root") throw new TypeError("the last root is a root");
  const targets = placeTargets(view, root, found);
  const document = targets?.document.type === "targets" ? targets.document : view.targets.signed;
  const delegated: OpenedFile[] = [];
  const ofRoles = found.files.filter(({ role }) => !isTopLevelRole(role));
  for (const file of ofRoles) {
    delegated.push(await placeDelegated(view, { file, name: found.name, targets: document, files: ofRoles }));
  }
  return { root, targets: document, files: [...roots, ...(targets === undefined ? [] : [targets]), ...delegated] };
}

function placeRoots(view: PublishedView, { files, name }: NamedFiles): readonly OpenedFile[] {
  const placed: OpenedFile[] = [];
  let [before, follows] = [view.root.signed, signedSha256(view.root.bytes)];
  for (const file of files) {
    const { document } = file;
    if (document.type !== "root") continue;
    if (file.follows !== follows || file.version !== before.version + 1) throw outdated(name, file);
    placed.push({ ...file, before, needs: [topLevelNeed("root", before), topLevelNeed("root", document)] });
    [before, follows] = [document, file.sha256];
  }
  return placed;
}

function placeTargets(view: PublishedView, root: Root, { files, name }: NamedFiles): OpenedFile | undefined {
  const file = files.find(({ role }) => role === "targets");
  if (file === undefined) return undefined;
  const before = view.targets.signed;
  if (file.follows !== signedSha256(view.targets.bytes)) throw outdated(name, file);
  verifyVersion(name, file, before.version);
  return { ...file, before, needs: [topLevelNeed("targets", root)] };
}

interface Delegated extends NamedFiles {
  readonly file: FoundFile;
  readonly targets: Targets;
}

async function placeDelegated(view: PublishedView, { file, targets, files, name }: Delegated): Promise<OpenedFile> {
  const role = parseRoleName(file.role);
  const published = async (other: RoleName, by: Authority): Promise<Targets | undefined> =>
    (await view.readRole({ name: other, by }))?.document;
  const proposed = new Map(files.map((other) => [other.role, other.document]));
  const found = await findRole(targets, role, async (other, by) => {
    const document = proposed.get(other);
    return document?.type === "targets" ? document : published(other, by);
  });
  if (found === undefined) throw unknownRole(role);
  const old = await findRole(view.targets.signed, role, published);
  const before = old === undefined ? undefined : await view.readRole(old);
  const follows = before === undefined ? undefined : signedSha256(before.bytes);
  if (file.follows !== follows) throw outdated(name, file);
  verifyVersion(name, file, view.listedVersion(role));
  if (file.document.type === "targets") verifyScope(found, file.document.targets.keys());
  return { ...file, before: before?.document, found, needs: [{ of: found.delegator, by: found.by }] };
}

/** Nobody could sign a version above the highest one, so the next holders of the role's keys would have lost it. */
function verifyVersion(name: string, file: ProposedFile, published: number): void {
  const { role, version } = file;
  if (version <= published) throw outdated(name, file);
  if (version <= published + versionJumpMax) return;
  const message = `proposal ${name} is refused: ${role} ${version} uses up version numbers; ${published} is published`;
  throw new MasterError("MASTER_PROPOSAL_INVALID", message, {
    details: { name, role, got: version, wanted: published },
  });
}

function outdated(name: string, { role, version }: ProposedFile): MasterError {
  const message = `proposal ${name} has ${role} ${version}, which does not follow what is published now`;
  return new MasterError("MASTER_PROPOSAL_OUTDATED", message, { details: { name, role, version } });
}
