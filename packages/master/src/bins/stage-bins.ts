/** Stages hash bins of targets, or another number of them. The next publication moves the targets and signs the bins. */
import { keyFromPem, parseRoleName, type Delegations } from "@dtuf/tuf";
import { planBins, verifyCount, type BinKeys, type StagedBins } from "../documents/staged-bins.ts";
import { applyRoles } from "../documents/staged-role.ts";
import { MasterError } from "../errors.ts";
import type { Operation } from "../state/operation.ts";
import type { CreateBinsOptions } from "../contract/targets.ts";
import { readTopLevel } from "./read-bins.ts";

/** @throws MasterError MASTER_BINS_EXIST; TypeError */
export async function createBins(operation: Operation, count: number, options: CreateBinsOptions): Promise<void> {
  const staged = newBins(await readDelegations(operation), { name: "targets", count, options });
  await operation.files.stageBins(operation.state(), staged);
}

interface NewBins {
  /** The role that will delegate to them. */
  readonly name: string;
  readonly count: number;
  readonly options: CreateBinsOptions;
}

/** @throws MasterError MASTER_BINS_EXIST; TypeError */
export function newBins(before: Delegations | undefined, { name, count, options }: NewBins): StagedBins {
  const { namePrefix, keys = [], threshold = 1 } = options;
  verifyCount(count);
  if (before?.kind === "succinct") throw binsExist(name, 2 ** before.succinct.bitLength);
  const staged = {
    count,
    ...(namePrefix === undefined ? {} : { namePrefix: parseRoleName(namePrefix) }),
    ...(keys.length === 0 ? {} : { by: parseBinKeys(keys.map(keyFromPem), threshold) }),
  };
  const nobody = { keys: new Map(), role: { keyIds: [], threshold: 1, unrecognized: {} } };
  planBins(before, { staged, of: { name, by: nobody } });
  return staged;
}

/** @throws MasterError MASTER_BINS_MISSING; TypeError */
export async function resizeBins(operation: Operation, count: number): Promise<void> {
  const staged = await operation.files.findBins(operation.state());
  const before = await readDelegations(operation);
  await operation.files.stageBins(operation.state(), resizedBins(before, { name: "targets", count, staged }));
}

interface ResizedBins {
  readonly name: string;
  readonly count: number;
  readonly staged: StagedBins | undefined;
}

/** @throws MasterError MASTER_BINS_MISSING; TypeError */
export function resizedBins(before: Delegations | undefined, { name, count, staged }: ResizedBins): StagedBins {
  verifyCount(count);
  if (staged !== undefined || before?.kind === "succinct") return { ...staged, count };
  throw new MasterError("MASTER_BINS_MISSING", `${name} does not delegate to hash bins: create them first`);
}

async function readDelegations(operation: Operation): Promise<ReturnType<typeof applyRoles>> {
  const { delegations } = await readTopLevel(operation);
  return applyRoles(delegations, await operation.files.readStagedRoles(operation.state()));
}

function parseBinKeys(keys: BinKeys["keys"], threshold: number): BinKeys {
  if (Number.isInteger(threshold) && threshold >= 1 && threshold <= keys.length) return { keys, threshold };
  throw new TypeError(`threshold must be 1 to ${keys.length}, the number of keys`);
}

function binsExist(name: string, count: number): MasterError {
  const message = `${name} delegates to ${count} hash bins already: resize them`;
  return new MasterError("MASTER_BINS_EXIST", message, { details: { count } });
}
