/** A staged change of the hash bins of targets or of a delegated role: their number, name and keys. Pure. */
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
  /** Absent: as published, or `bins`, or `ROLE.bins` for a delegated role. */
  readonly namePrefix?: RoleName | undefined;
  /** Absent: as published, or the keys of the role. */
  readonly by?: BinKeys | undefined;
}

/** Signed with the bins: their keys are those of the role that is named, which are listed by its delegator, and follow them. */
const followsField = "x-dtuf-keys-of";

/** @throws TypeError unless it is a power of two from 2 to `binsMax` */
export function verifyCount(count: number): void {
  if (count >= 2 && count <= binsMax && Number.isInteger(Math.log2(count))) return;
  throw new TypeError(`wanted a number of bins that is a power of two from 2 to ${binsMax}; got ${count}`);
}

/** The role that delegates to the bins. */
export interface BinRole {
  /** `targets`, or a delegated role. */
  readonly name: string;
  /** Who signs it in the next release. */
  readonly by: Authority;
}

/**
 * The bins after the change, or undefined if there are none and none are staged.
 * @throws MasterError MASTER_BINS_EXIST
 */
export function planBins(
  before: Delegations | undefined,
  { staged, of }: { readonly staged: StagedBins | undefined; readonly of: BinRole },
): SuccinctDelegations | undefined {
  const known = before?.kind === "succinct" ? before : undefined;
  if (staged === undefined) return known === undefined ? undefined : followed(known, of);
  if (before?.kind === "listed" && before.roles.length > 0) throw listedExist(of.name, before.roles);
  const own = of.name === "targets" ? "bins" : parseRoleName(`${of.name}.bins`);
  const namePrefix = staged.namePrefix ?? known?.succinct.namePrefix ?? own;
  const bins = { bitLength: Math.log2(staged.count), namePrefix };
  if (staged.by !== undefined) return withKeys(known, staged.by, bins);
  if (known !== undefined) return followed({ ...known, succinct: { ...known.succinct, ...bins } }, of);
  return withKeysOf({ kind: "succinct", unrecognized: {} }, of.by, {
    ...bins,
    unrecognized: { [followsField]: of.name },
  });
}

type Bins = Pick<SuccinctDelegations["succinct"], "bitLength" | "namePrefix">;

function followed(known: SuccinctDelegations, { name, by }: BinRole): SuccinctDelegations {
  return known.succinct.unrecognized[followsField] === name ? withKeysOf(known, by, known.succinct) : known;
}

function withKeysOf(
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

/** In TUF the delegations of one file are either a list or bins (TAP 15). */
function listedExist(of: string, listed: readonly { readonly name: RoleName }[]): MasterError {
  const roles = listed.map(({ name }) => name);
  const message = `${of} delegates to roles already (${roles.join(", ")}), and TUF allows no hash bins beside them: create the bins in one of these roles, or in a new one`;
  return new MasterError("MASTER_BINS_EXIST", message, { details: { roles } });
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
