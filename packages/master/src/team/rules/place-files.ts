/**
 * Places the files of a proposal in what is published: each follows the published one, and a delegated role lists only
 * what its delegations allow. Signatures are not required here; `needs` says which ones each file needs.
 */
import type { ProposedFile } from "@dtuf/format";
import {
  binNames,
  isTopLevelRole,
  parseRoleName,
  signedSha256,
  type Authority,
  type Role,
  type RoleName,
  type Root,
  type SuccinctDelegations,
  type TargetFile,
  type TargetPath,
  type Targets,
} from "@dtuf/tuf";
import type { TargetMap } from "../../documents/changes.ts";
import { MasterError } from "../../errors.ts";
import { versionJumpMax } from "../../limits.ts";
import { topLevelNeed, trimmed, type Need } from "./needs.ts";
import {
  binDelegator,
  findRole,
  unknownRole,
  verifyScope,
  type FoundRole,
  type RoleView,
} from "../../published/role-tree.ts";
import { verifyDelegations } from "../../published/delegations.ts";

interface PublishedFile<T> {
  readonly signed: T;
  readonly bytes: Uint8Array;
}

/** What is published: from the registry, or in a file that was carried to a machine without a network. */
export interface PublishedView extends RoleView {
  readonly root: PublishedFile<Root>;
  readonly targets: PublishedFile<Targets>;
  /** The version of a role that the snapshot lists, or 0. */
  readonly listedVersion: (role: RoleName) => number;
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
  /** The published targets of its hash bins, if it does not delegate to the same ones any more. */
  readonly left?: TargetMap | undefined;
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
  const ofRoles = found.files.filter(({ role }) => !isTopLevelRole(role));
  const proposed = new Map(ofRoles.map((file) => [file.role, file.document]));
  const published = createReader(view);
  const places: Places = { view, name: found.name, root, targets: document, proposed, published };
  const placed: OpenedFile[] = [...(targets === undefined ? [] : [targets])];
  for (let at = 0; at < ofRoles.length; at += placedTogether) {
    const together = ofRoles.slice(at, at + placedTogether);
    placed.push(...(await Promise.all(together.map((file) => placeDelegated(places, file)))));
  }
  const files: OpenedFile[] = [];
  for (const file of placed) files.push({ ...file, left: await readLeft(view, file) });
  return { root, targets: document, files: [...roots, ...files] };
}

/** Published roles that are read at the same time. */
const placedTogether = 16;

type ReadPublished = (name: RoleName, by: Authority) => Promise<Targets | undefined>;

/** Verifies each role once, because every hash bin is looked for below it. */
function createReader(view: PublishedView): ReadPublished {
  const known = new Map<RoleName, { readonly role: Role; readonly document: Promise<Targets | undefined> }>();
  return (name, by) => {
    const found = known.get(name);
    if (found?.role === by.role) return found.document;
    const document = view.readRole({ name, by }).then((read) => read?.document);
    known.set(name, { role: by.role, document });
    return document;
  };
}

/** The targets of bins that the file leaves: bins of another number or name have them now, or nobody. */
async function readLeft(view: PublishedView, { before, document }: OpenedFile): Promise<TargetMap | undefined> {
  const old = before?.type === "targets" ? before.delegations : undefined;
  const next = document.type === "targets" ? document.delegations : undefined;
  if (old?.kind !== "succinct") return undefined;
  const isSame = next?.kind === "succinct" && binsText(next) === binsText(old);
  if (isSame) return undefined;
  const targets = new Map<TargetPath, TargetFile>();
  const { keys, succinct: role } = old;
  let together: Promise<void>[] = [];
  for (const name of binNames(role)) {
    const read = async (): Promise<void> => {
      const { document: bin } = (await view.readRole({ name, by: { keys, role } })) ?? {};
      for (const [path, file] of bin?.targets ?? []) targets.set(path, file);
    };
    together.push(read());
    if (together.length < placedTogether) continue;
    await Promise.all(together);
    together = [];
  }
  await Promise.all(together);
  return targets;
}

function binsText({ succinct: { namePrefix, bitLength } }: SuccinctDelegations): string {
  return `${bitLength} ${namePrefix}`;
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

interface Places {
  readonly view: PublishedView;
  /** Of the proposal. */
  readonly name: string;
  readonly root: Root;
  readonly targets: Targets;
  readonly proposed: ReadonlyMap<string, Root | Targets>;
  readonly published: ReadPublished;
}

async function placeDelegated(places: Places, file: FoundFile): Promise<OpenedFile> {
  const { view, name, root, targets, proposed, published } = places;
  const role = parseRoleName(file.role);
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
  const bins = binDelegator({ found }) === "targets" ? root : undefined;
  return { ...file, before: before?.document, found, needs: [{ of: found.delegator, by: found.by, bins }] };
}

/** Places the files in what is published, trimmed, and verifies what they delegate. @throws as `placeFiles` and `verifyDelegations` */
export async function placeProposal(view: PublishedView, proposal: NamedFiles): Promise<OpenedFiles> {
  const opened = await placeFiles(view, proposal);
  await verifyDelegations(view, `proposal ${proposal.name}`, opened);
  return { ...opened, files: opened.files.map(trimmed) };
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
