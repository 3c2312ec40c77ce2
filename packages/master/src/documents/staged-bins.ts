/** A staged change of the hash bins of targets: their number, name and keys. Pure. */
import {
  encodeKey,
  keyIdOf,
  parseKey,
  parseRoleName,
  type Authority,
  type Delegations,
  type Json,
  type Key,
  type RoleName,
  type SuccinctDelegations,
} from "@dtuf/tuf";
import { binsMax } from "../limits.ts";
import { MasterError } from "../errors.ts";

export interface BinKeys {
  readonly keys: readonly Key[];
  readonly threshold: number;
}

export interface StagedBins {
  readonly count: number;
  /** Absent: as published, or `bins`. */
  readonly namePrefix?: RoleName | undefined;
  /** Absent: as published, or the keys of targets. */
  readonly by?: BinKeys | undefined;
}

/** Signed with the bins: their keys are those that the root lists for targets, and follow them. */
const followsField = "x-dtuf-keys-of";

/** @throws TypeError unless it is a power of two from 2 to `binsMax` */
export function verifyCount(count: number): void {
  if (count >= 2 && count <= binsMax && Number.isInteger(Math.log2(count))) return;
  throw new TypeError(`wanted a number of bins that is a power of two from 2 to ${binsMax}; got ${count}`);
}

/**
 * The bins after the change, or undefined if there are none and none are staged.
 * @param targets who may sign targets in the next release
 * @throws MasterError MASTER_BINS_EXIST
 */
export function planBins(
  before: Delegations | undefined,
  { staged, targets }: { readonly staged: StagedBins | undefined; readonly targets: Authority },
): SuccinctDelegations | undefined {
  const known = before?.kind === "succinct" ? before : undefined;
  if (staged === undefined) return known === undefined ? undefined : followed(known, targets);
  if (before?.kind === "listed" && before.roles.length > 0) throw listedExist(before.roles.map(({ name }) => name));
  const namePrefix = staged.namePrefix ?? known?.succinct.namePrefix ?? "bins";
  const bins = { bitLength: Math.log2(staged.count), namePrefix };
  if (staged.by !== undefined) return withKeys(known, staged.by, bins);
  if (known !== undefined) return followed({ ...known, succinct: { ...known.succinct, ...bins } }, targets);
  return withTargetsKeys({ kind: "succinct", unrecognized: {} }, targets, {
    ...bins,
    unrecognized: { [followsField]: "targets" },
  });
}

type Bins = Pick<SuccinctDelegations["succinct"], "bitLength" | "namePrefix">;

function followed(known: SuccinctDelegations, targets: Authority): SuccinctDelegations {
  if (!followsTargets(known)) return known;
  return withTargetsKeys(known, targets, known.succinct);
}

export function followsTargets({ succinct }: SuccinctDelegations): boolean {
  return succinct.unrecognized[followsField] === "targets";
}

function withTargetsKeys(
  base: Pick<SuccinctDelegations, "kind" | "unrecognized">,
  { keys, role }: Authority,
  bins: Bins & Pick<SuccinctDelegations["succinct"], "unrecognized">,
): SuccinctDelegations {
  const { keyIds, threshold } = role;
  const named = [...keys].filter(([keyId]) => keyIds.includes(keyId));
  return { ...base, keys: new Map(named), succinct: { ...bins, keyIds, threshold } };
}

function withKeys(
  known: SuccinctDelegations | undefined,
  { keys, threshold }: BinKeys,
  bins: Bins,
): SuccinctDelegations {
  const byId = new Map(keys.map((key) => [keyIdOf(key), key]));
  const { [followsField]: _follows, ...unrecognized } = known?.succinct.unrecognized ?? {};
  const succinct = { ...bins, keyIds: [...byId.keys()], threshold, unrecognized };
  return { kind: "succinct", unrecognized: known?.unrecognized ?? {}, keys: byId, succinct };
}

function listedExist(roles: readonly RoleName[]): MasterError {
  return new MasterError(
    "MASTER_BINS_EXIST",
    `targets delegates to roles already (${roles.join(", ")}), and cannot delegate to hash bins as well`,
    { details: { roles } },
  );
}

export function encodeStagedBins({ by, ...bins }: StagedBins): string {
  return JSON.stringify({ ...bins, ...(by === undefined ? {} : { by: { ...by, keys: by.keys.map(encodeKey) } }) });
}

/** @throws MasterError MASTER_STATE_INVALID */
export function parseStagedBins(bytes: Uint8Array, path: string): StagedBins {
  try {
    const { count, namePrefix, by } = JSON.parse(Buffer.from(bytes).toString("utf8")) as StagedBinsFile;
    verifyCount(count);
    return {
      count,
      ...(namePrefix === undefined ? {} : { namePrefix: parseRoleName(namePrefix) }),
      ...(by === undefined ? {} : { by: { ...by, keys: by.keys.map((key) => parseKey(key)) } }),
    };
  } catch (cause) {
    throw new MasterError("MASTER_STATE_INVALID", `${path} is not a staged change of bins`, {
      details: { path },
      cause,
    });
  }
}

/** As `encodeStagedBins` writes it. */
interface StagedBinsFile {
  readonly count: number;
  readonly namePrefix?: string;
  readonly by?: { readonly keys: readonly Json[]; readonly threshold: number };
}
