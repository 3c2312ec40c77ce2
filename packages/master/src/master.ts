import { parseTargetPath, type RoleName, type TargetPath } from "@dtuf/tuf";
import { adopt, createKeys, createMetadata, listKeys, resetKeys } from "./release/create.ts";
import type { TargetMap } from "./documents/changes.ts";
import type { Master, OperationOptions } from "./contract.ts";
import type { MasterOptions } from "./options.ts";
import { delegate, revokeRole, updateRole } from "./release/delegate.ts";
import { prune } from "./prune.ts";
import { publish } from "./release/publish.ts";
import { listTargetsOf, readSignedTargets, unknownTarget } from "./push-target.ts";
import { pushTarget, pushTargets, setCustom } from "./push-targets.ts";
import { readRootChain } from "./published/root-chain.ts";
import { createWorkplace, type Session, type Workplace } from "./state/session.ts";
import { readExpirations, readStagedChanges, readStatus } from "./status.ts";

/**
 * A publisher over a state directory and a store. Operations that change something run one at a time, between
 * processes too.
 *
 *     const master = createMaster({ repository: "registry.example.com/fred/demo", directory: "state/master" });
 *     await master.pushTarget("demo.txt", [{ kind: "file", path: "demo.txt" }]);
 *     await master.pushMetadata();
 *
 * @throws TypeError for options that make no sense; OciError OCI_REFERENCE_INVALID
 */
export function createMaster(options: MasterOptions): Master {
  const workplace = createWorkplace(options);
  const keyType = options.keyType ?? "ed25519";
  return {
    ...createKeeper(workplace, keyType),
    ...createPublisher(workplace),
    ...createDelegator(workplace),
    ...createReader(workplace),
    close: workplace.close,
    [Symbol.asyncDispose]: workplace.close,
  };
}

type Keeper = Pick<Master, "createRootKey" | "createMetadataKeys" | "createMetadata" | "adopt" | "resetKeys">;

function createKeeper({ alone }: Workplace, keyType: NonNullable<MasterOptions["keyType"]>): Keeper {
  return {
    async createRootKey({ signal } = {}) {
      const [created] = await alone(signal, (session) => createKeys(session, ["root"], keyType));
      if (created === undefined) throw new TypeError("no key was created");
      return created;
    },
    createMetadataKeys: ({ signal } = {}) =>
      alone(signal, (session) => createKeys(session, ["targets", "snapshot", "timestamp"], keyType)),
    createMetadata: ({ signal, existing = "refuse", requireFamilies = [] } = {}) =>
      alone(signal, (session) => createMetadata(session, { existing, requireFamilies })),
    adopt: (request) => alone(request.signal, (session) => adopt(session, request)),
    resetKeys: ({ signal, replace = false, requireFamilies = [] } = {}) =>
      alone(signal, (session) => resetKeys(session, { replace, requireFamilies })),
  };
}

type Publisher = Pick<
  Master,
  "pushTarget" | "pushTargets" | "setCustom" | "deleteTarget" | "unstage" | "pushMetadata" | "refreshMetadata" | "prune"
>;

function createPublisher(workplace: Workplace): Publisher {
  const { alone } = workplace;
  return {
    pushTarget: (name, parts, { custom, ...options } = {}) => pushTarget(workplace, { name, parts, custom }, options),
    pushTargets: (targets, options = {}) => pushTargets(workplace, targets, options),
    setCustom: (names, custom, { signal } = {}) => setCustom(workplace, names, { custom, signal }),
    deleteTarget: (name, { signal } = {}) => alone(signal, (session) => deleteTarget(session, parseTargetPath(name))),
    unstage: (names) => alone(undefined, (session) => unstage(session, names)),
    pushMetadata: ({ record, ...options } = {}) =>
      alone(options.signal, (session) => publish(session, { ...options, scope: "all", makeRecord: record })),
    refreshMetadata: (options = {}) =>
      alone(options.signal, (session) => {
        const { withinMs = session.lifetimesMs.snapshot / 2, snapshot = "if-pushed-here" } = options;
        return publish(session, { ...options, scope: { withinMs, snapshot } });
      }),
    prune: ({ signal } = {}) => alone(signal, prune),
  };
}

type Delegator = Pick<Master, "delegate" | "updateRole" | "revokeRole">;

function createDelegator({ alone }: Workplace): Delegator {
  return {
    delegate: (role, options) => alone(options.signal, (session) => delegate(session, role, options)),
    updateRole: (role, metadata, { signal } = {}) => alone(signal, (session) => updateRole(session, role, metadata)),
    revokeRole: (role, { signal } = {}) => alone(signal, (session) => revokeRole(session, role)),
  };
}

type Reader = Pick<
  Master,
  | "listKeys"
  | "listTargets"
  | "listTargetFiles"
  | "listTargetsOf"
  | "staged"
  | "expirations"
  | "rootFile"
  | "rootChain"
  | "status"
>;

function createReader({ look }: Workplace): Reader {
  return {
    listKeys: () => look(undefined, listKeys),
    listTargets: () => look(undefined, async (session) => [...(await readSignedTargets(session)).keys()].toSorted()),
    listTargetFiles: () => look(undefined, async (session) => sortedFiles(await readSignedTargets(session))),
    listTargetsOf: (blob) => look(undefined, (session) => listTargetsOf(session, blob)),
    staged: () => look(undefined, readStagedChanges),
    expirations: () => look(undefined, readExpirations),
    rootFile: () => look(undefined, readRootFile),
    rootChain: () => look(undefined, readRootChain),
    status: (options: OperationOptions & Parameters<Master["status"]>[0] = {}) =>
      look(options.signal, (session) => readStatus(session, options)),
  };
}

function sortedFiles(targets: TargetMap): TargetMap {
  return new Map([...targets].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function deleteTarget(session: Session, path: TargetPath): Promise<void> {
  const state = session.state();
  const signed = await readSignedTargets(session);
  const staged = (await session.files.readStaged(state)).get(path);
  if (staged?.kind === "delete" || (staged === undefined && !signed.has(path))) throw unknownTarget(path);
  if (signed.has(path)) await session.files.stage(state, path, { kind: "delete" });
  else await session.files.unstage(state, path);
}

async function unstage(session: Session, names: readonly string[] | undefined): Promise<void> {
  const state = session.state();
  const staged = await session.files.readStaged(state);
  const wanted = names?.map(parseTargetPath) ?? [...staged.keys()];
  const unknown = wanted.find((path) => !staged.has(path));
  if (unknown !== undefined) throw unknownTarget(unknown);
  for (const path of wanted) await session.files.unstage(state, path);
  const roles = names === undefined ? await session.files.readStagedRoles(state) : new Map<RoleName, never>();
  for (const role of roles.keys()) await session.files.unstageRole(state, role);
}

async function readRootFile(session: Session): Promise<Uint8Array> {
  const { roots, stagedRoots } = session.state();
  const newest = [...roots, ...stagedRoots].at(-1);
  if (newest === undefined) throw new TypeError("a record has at least one root");
  return session.files.readMetadata(newest);
}
