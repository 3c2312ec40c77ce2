import { isTopLevelRole, parseTargetPath, type RoleName, type TargetPath } from "@dtuf/tuf";
import { adopt, createKeys, createMetadata, listKeys, resetKeys } from "./release/create.ts";
import type { TargetMap } from "./documents/changes.ts";
import type { Master, OperationOptions } from "./contract/contract.ts";
import type { KeyManager } from "./contract/keys.ts";
import type { MasterOptions } from "./options.ts";
import { MasterError } from "./errors.ts";
import { delegate, revokeRole, updateRole } from "./release/delegate.ts";
import { move } from "./release/move.ts";
import { stageRollback } from "./history/rollback.ts";
import { listReleases } from "./history/list-releases.ts";
import { createPreviews, type Previews } from "./history/previews.ts";
import { prune } from "./history/prune.ts";
import { publish } from "./release/publish.ts";
import { readSignedTargets } from "./bins/read-bins.ts";
import { createBins, resizeBins } from "./bins/stage-bins.ts";
import { listTargetsOf, unknownTarget } from "./push-target.ts";
import { pushTarget, pushTargets, setCustom } from "./push-targets.ts";
import { addKey, listRoleKeys, removeKey, setPeriods, setThreshold } from "./release/role-keys.ts";
import { readRootChain } from "./published/root-chain.ts";
import { createRoleBins, delegateFrom, resizeRoleBins, setRolePeriods } from "./team/role-targets.ts";
import { listPeriods } from "./team/role-status.ts";
import { withoutEffects } from "./state/dry-operation.ts";
import { createTeam } from "./team/team.ts";
import { createWorkplace, type Operation, type Workplace } from "./state/operation.ts";
import { readExpirations, readStagedChanges, readStatus } from "./status.ts";

/**
 * A publisher with a state directory and a store. Operations that change something run one at a time, also between
 * processes.
 *
 *     const master = createMaster({ repository: "registry.example.com/fred/demo", directory: "state/master" });
 *     await master.pushTarget("demo.txt", [{ kind: "file", path: "demo.txt" }]);
 *     await master.pushMetadata();
 *
 * @throws TypeError for invalid options; OciError OCI_REFERENCE_INVALID
 */
export function createMaster(options: MasterOptions): Master & Previews {
  const workplace = createWorkplace(options);
  const keyType = options.keyType ?? "ed25519";
  return {
    ...createSetup(workplace, keyType),
    ...createPublisher(workplace),
    ...createDelegator(workplace),
    ...createKeyManager(workplace),
    ...createTeam(workplace),
    ...createReader(workplace),
    ...createPreviews(workplace),
    close: workplace.close,
    [Symbol.asyncDispose]: workplace.close,
  };
}

type Setup = Pick<Master, "createRootKey" | "createMetadataKeys" | "createMetadata" | "adopt" | "move" | "resetKeys">;

function createSetup({ alone, aloneAnywhere }: Workplace, keyType: NonNullable<MasterOptions["keyType"]>): Setup {
  return {
    async createRootKey({ signal } = {}) {
      const [created] = await alone(signal, (operation) => createKeys(operation, ["root"], keyType));
      if (created === undefined) throw new TypeError("no key was created");
      return created;
    },
    createMetadataKeys: ({ signal, roles = ["targets", "snapshot", "timestamp"] as const } = {}) =>
      alone(signal, (operation) => createKeys(operation, roles, keyType)),
    createMetadata: ({ signal, existing = "refuse", requireFamilies = [] } = {}) =>
      alone(signal, (operation) => createMetadata(operation, { existing, requireFamilies })),
    adopt: (request) => alone(request.signal, (operation) => adopt(operation, request)),
    move: ({ signal, ...choice } = {}) => aloneAnywhere(signal, (operation) => move(operation, choice)),
    resetKeys: ({ signal, replace = false, requireFamilies = [] } = {}) =>
      alone(signal, (operation) => resetKeys(operation, { replace, requireFamilies })),
  };
}

type Publisher = Pick<
  Master,
  | "pushTarget"
  | "pushTargets"
  | "setCustom"
  | "deleteTarget"
  | "unstage"
  | "pushMetadata"
  | "refreshMetadata"
  | "prune"
  | "stageRelease"
>;

function createPublisher(workplace: Workplace): Publisher {
  const { alone } = workplace;
  return {
    pushTarget: (name, parts, { custom, ...options } = {}) => pushTarget(workplace, { name, parts, custom }, options),
    pushTargets: (targets, options = {}) => pushTargets(workplace, targets, options),
    setCustom: (names, custom, { signal } = {}) => setCustom(workplace, names, { custom, signal }),
    deleteTarget: (name, { signal } = {}) =>
      alone(signal, (operation) => deleteTarget(operation, parseTargetPath(name))),
    unstage: (names) => alone(undefined, (operation) => unstage(operation, names)),
    pushMetadata: ({ record, ...options } = {}) =>
      alone(options.signal, (operation) => publish(operation, { ...options, coverage: "all", makeRecord: record })),
    refreshMetadata: (options = {}) =>
      alone(options.signal, (operation) => {
        const { withinMs, snapshot = "if-pushed-here" } = options;
        return publish(operation, { ...options, coverage: { withinMs, snapshot } });
      }),
    prune: ({ signal } = {}) => alone(signal, prune),
    stageRelease: (release, { signal, effect = "stage", base, expectSnapshot, clock } = {}) =>
      alone(signal, (operation) => {
        const request = { release, base, expectSnapshot, clock };
        return stageRollback(effect === "none" ? withoutEffects(operation) : operation, request);
      }),
  };
}

type Delegator = Pick<Master, "delegate" | "updateRole" | "revokeRole" | "createBins" | "resizeBins">;

function createDelegator({ alone }: Workplace): Delegator {
  return {
    delegate: (role, { from, ...options }) =>
      alone(options.signal, (operation) =>
        from === undefined ? delegate(operation, role, options) : delegateFrom(operation, role, { from, ...options }),
      ),
    updateRole: (role, metadata, { signal } = {}) =>
      alone(signal, (operation) => updateRole(operation, role, metadata)),
    revokeRole: (role, { signal } = {}) => alone(signal, (operation) => revokeRole(operation, role)),
    createBins: (count, { signal, from = "targets", ...options } = {}) =>
      alone(signal, (operation) =>
        from === "targets"
          ? createBins(operation, count, options)
          : createRoleBins(operation, from, { count, options }),
      ),
    resizeBins: (count, { signal, role = "targets" } = {}) =>
      alone(signal, (operation) =>
        role === "targets" ? resizeBins(operation, count) : resizeRoleBins(operation, role, count),
      ),
  };
}

function createKeyManager({ alone, look }: Workplace): KeyManager {
  return {
    addKey: (role, key, { signal, ...holder } = {}) =>
      alone(signal, (operation) => addKey(operation, role, { key, ...holder })),
    removeKey: (role, keyIdOrOwner, { signal } = {}) =>
      alone(signal, (operation) => removeKey(operation, role, keyIdOrOwner)),
    setThreshold: (role, threshold, { signal } = {}) =>
      alone(signal, (operation) => setThreshold(operation, role, threshold)),
    setPeriods: (role, periods, { signal } = {}) =>
      alone(signal, (operation) =>
        isTopLevelRole(role) ? setPeriods(operation, role, periods) : setRolePeriods(operation, role, periods),
      ),
    listPeriods: ({ signal } = {}) => look(signal, listPeriods),
    listRoleKeys: ({ signal } = {}) => look(signal, listRoleKeys),
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
  | "listReleases"
  | "status"
>;

function createReader({ look }: Workplace): Reader {
  return {
    listKeys: () => look(undefined, listKeys),
    listTargets: () =>
      look(undefined, async (operation) => [...(await readSignedTargets(operation, "all")).keys()].toSorted()),
    listTargetFiles: ({ bins = "read", signal } = {}) =>
      look(signal, async (operation) => sortedFiles(await readSignedTargets(operation, bins === "read" ? "all" : []))),
    listTargetsOf: (blob) => look(undefined, (operation) => listTargetsOf(operation, blob)),
    staged: () => look(undefined, readStagedChanges),
    expirations: () => look(undefined, readExpirations),
    rootFile: () => look(undefined, readRootFile),
    rootChain: () => look(undefined, readRootChain),
    listReleases: ({ signal, most = 100 } = {}) => look(signal, (operation) => listReleases(operation, most)),
    status: (options: OperationOptions & Parameters<Master["status"]>[0] = {}) =>
      look(options.signal, (operation) => readStatus(operation, options)),
  };
}

function sortedFiles(targets: TargetMap): TargetMap {
  return new Map([...targets].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function deleteTarget(operation: Operation, path: TargetPath): Promise<void> {
  const state = operation.state();
  const signed = await readSignedTargets(operation, [path]);
  const staged = (await operation.files.readStaged(state)).get(path);
  if (staged?.kind === "delete" || (staged === undefined && !signed.has(path))) throw unknownTarget(path);
  if (signed.has(path)) await operation.files.stage(state, path, { kind: "delete" });
  else await operation.files.unstage(state, path);
}

async function unstage(operation: Operation, names: readonly string[] | undefined): Promise<void> {
  const state = operation.state();
  const staged = await operation.files.readStaged(state);
  const wanted = names?.map(parseTargetPath) ?? [...staged.keys()];
  const unknown = wanted.find((path) => !staged.has(path));
  if (unknown !== undefined) {
    throw new MasterError("MASTER_TARGET_UNKNOWN", `${JSON.stringify(unknown)} is not staged`, {
      details: { name: unknown, staged: [...staged.keys()] },
    });
  }
  for (const path of wanted) await operation.files.unstage(state, path);
  const roles = names === undefined ? await operation.files.readStagedRoles(state) : new Map<RoleName, never>();
  for (const role of roles.keys()) await operation.files.unstageRole(state, role);
  if (names !== undefined) return;
  await operation.files.unstageKeyChanges(state);
  await operation.files.unstageBins(state);
}

async function readRootFile(operation: Operation): Promise<Uint8Array> {
  const { roots, stagedRoots } = operation.state();
  const newest = [...roots, ...stagedRoots].at(-1);
  if (newest === undefined) throw new TypeError("a record has at least one root");
  return operation.files.readMetadata(newest);
}
