/** Stages hash bins of targets, or another number of them. The next publication moves the targets and signs the bins. */
import { keyFromPem, parseRoleName } from "@dtuf/tuf";
import { planBins, verifyCount, type BinKeys, type StagedBins } from "../documents/staged-bins.ts";
import { applyRoles } from "../documents/staged-role.ts";
import { MasterError } from "../errors.ts";
import type { Operation } from "../state/operation.ts";
import type { CreateBinsOptions } from "../target-contract.ts";
import { readTopLevel } from "./read-bins.ts";

/** @throws MasterError MASTER_BINS_EXIST; TypeError */
export async function createBins(operation: Operation, count: number, options: CreateBinsOptions): Promise<void> {
  const { namePrefix, keys = [], threshold = 1 } = options;
  verifyCount(count);
  const by = keys.length === 0 ? undefined : parseBinKeys(keys.map(keyFromPem), threshold);
  const { files } = operation;
  const before = await readDelegations(operation);
  if (before?.kind === "succinct") throw binsExist(2 ** before.succinct.bitLength);
  const staged = {
    count,
    ...(namePrefix === undefined ? {} : { namePrefix: parseRoleName(namePrefix) }),
    ...(by === undefined ? {} : { by }),
  };
  const nobody = { keys: new Map(), role: { keyIds: [], threshold: 1, unrecognized: {} } };
  planBins(before, { staged, targets: nobody });
  await files.stageBins(operation.state(), staged);
}

/** @throws MasterError MASTER_BINS_MISSING; TypeError */
export async function resizeBins(operation: Operation, count: number): Promise<void> {
  verifyCount(count);
  const { files } = operation;
  const staged: Partial<StagedBins> | undefined = await files.findBins(operation.state());
  const before = await readDelegations(operation);
  if (staged === undefined && before?.kind !== "succinct") {
    throw new MasterError("MASTER_BINS_MISSING", "targets does not delegate to hash bins: create them first");
  }
  await files.stageBins(operation.state(), { ...staged, count });
}

async function readDelegations(operation: Operation): Promise<ReturnType<typeof applyRoles>> {
  const { delegations } = await readTopLevel(operation);
  return applyRoles(delegations, await operation.files.readStagedRoles(operation.state()));
}

function parseBinKeys(keys: BinKeys["keys"], threshold: number): BinKeys {
  if (Number.isInteger(threshold) && threshold >= 1 && threshold <= keys.length) return { keys, threshold };
  throw new TypeError(`threshold must be 1 to ${keys.length}, the number of keys`);
}

function binsExist(count: number): MasterError {
  const message = `targets delegates to ${count} hash bins already: resize them`;
  return new MasterError("MASTER_BINS_EXIST", message, { details: { count } });
}
