/**
 * Finds the signers of a role among the key files, the previous key files, and the caller's signers. Keys are compared
 * by their material, not by the id in the document. Each file is unlocked at most once in an operation, and only if it
 * is needed.
 */
import {
  createSigner,
  keyMaterial,
  topLevelRoles,
  type Authority,
  type Key,
  type KeyId,
  type Root,
  type Signer,
  type TopLevelRole,
} from "@dtuf/tuf";
import type { PrivateKeyPlace } from "../contract/keys.ts";
import { MasterError } from "../errors.ts";
import { holdersOf, isOfTeam } from "../documents/key-owner.ts";
import type { KeyDirectory, KeyFile } from "./key-directory.ts";

export interface KeyRing {
  /** Returns at least as many signers as the role needs. @throws MasterError MASTER_KEYS_MISSING */
  signersFor(role: TopLevelRole, root: Root): Promise<readonly Signer[]>;
  /** Returns the available signers, perhaps fewer than the role needs. */
  findSigners(role: TopLevelRole, root: Root): Promise<readonly Signer[]>;
  /** The role's keys whose private half is here. Only public keys are read; nothing is unlocked. */
  keyIdsHere(role: TopLevelRole, root: Root): Promise<ReadonlySet<KeyId>>;
  /** The role's key file with that key, or the given signer that has it. Nothing is unlocked. */
  findPlace(role: TopLevelRole | undefined, key: Key): Promise<PrivateKeyPlace | undefined>;
  /** Whether the role can be signed. Only public keys are read; nothing is unlocked. */
  canSign(role: TopLevelRole, root: Root): Promise<boolean>;
}

export function createKeyRing(keys: KeyDirectory, signers: readonly Signer[]): KeyRing {
  const unlocked = new Map<string, Signer>();

  async function unlock(file: KeyFile): Promise<Signer> {
    const signer = unlocked.get(file.path) ?? createSigner(await keys.unlock(file));
    unlocked.set(file.path, signer);
    return signer;
  }

  async function findSigners(role: TopLevelRole, root: Root): Promise<readonly Signer[]> {
    const wanted = materials({ keys: root.keys, role: root.roles[role] });
    const found = new Map<string, Signer>();
    const take = (signer: Signer): void => {
      const material = keyMaterial(signer.key);
      const keyId = material === undefined ? undefined : wanted.get(material);
      if (material === undefined || keyId === undefined) return;
      found.set(material, { key: signer.key, keyId, sign: (payload) => signer.sign(payload) });
    };
    const { threshold, families } = root.roles[role];
    const isEnough = (): boolean => families === undefined && found.size >= threshold;
    for (const signer of signers) if (!isEnough()) take(signer);
    for (const file of await keys.list(role)) {
      if (isEnough()) break;
      const material = await publicMaterial(keys, file);
      if (material === undefined || (wanted.has(material) && !found.has(material))) take(await unlock(file));
    }
    return [...found.values()];
  }

  return {
    findSigners,
    ...createKeyFinder(keys, signers),
    async signersFor(role, root) {
      const found = await findSigners(role, root);
      if (found.length >= root.roles[role].threshold) return found;
      const file = (await keys.list(role)).find(({ age }) => age === "current");
      throw missing(role, root, { got: found.length, file, directory: keys.path });
    },
  };
}

type KeyFinder = Pick<KeyRing, "keyIdsHere" | "findPlace" | "canSign">;

/** Reads only public keys. */
function createKeyFinder(keys: KeyDirectory, signers: readonly Signer[]): KeyFinder {
  async function keyIdsHere(role: TopLevelRole, root: Root): Promise<ReadonlySet<KeyId>> {
    const have = new Set(signers.map(({ key }) => keyMaterial(key)));
    for (const file of await keys.list(role)) have.add(await publicMaterial(keys, file));
    const wanted = materials({ keys: root.keys, role: root.roles[role] });
    return new Set([...wanted].flatMap(([material, keyId]) => (have.has(material) ? [keyId] : [])));
  }

  return {
    keyIdsHere,
    async findPlace(role, key) {
      const material = keyMaterial(key);
      for (const file of role === undefined ? [] : await keys.list(role)) {
        if (material !== undefined && (await publicMaterial(keys, file)) === material)
          return { kind: "file", path: file.path };
      }
      const signer = signers.find((each) => keyMaterial(each.key) === material);
      return signer === undefined ? undefined : { kind: "signer", keyId: signer.keyId };
    },
    canSign: async (role, root) => (await keyIdsHere(role, root)).size >= root.roles[role].threshold,
  };
}

async function publicMaterial(keys: KeyDirectory, file: KeyFile): Promise<string | undefined> {
  const key = await keys.findPublicKey(file);
  return key === undefined ? undefined : keyMaterial(key);
}

/** Maps the material of each of the role's keys to the first id that the role lists for it. */
export function materials({ keys, role }: Authority): ReadonlyMap<string, KeyId> {
  const ids = new Map<string, KeyId>();
  for (const keyId of role.keyIds) {
    const key = keys.get(keyId);
    const material = key === undefined ? undefined : keyMaterial(key);
    if (material !== undefined && !ids.has(material)) ids.set(material, keyId);
  }
  return ids;
}

interface Found {
  readonly got: number;
  /** The role's key file in `keys/`, which was not enough or is not a key of the role. */
  readonly file: KeyFile | undefined;
  readonly directory: string;
}

function missing(role: TopLevelRole, root: Root, { got, file, directory }: Found): MasterError {
  const { threshold, keyIds } = root.roles[role];
  const unnamed = got === 0 ? file?.path : undefined;
  const why = unnamed === undefined ? "" : `: root ${root.version} does not name the key in ${unnamed}`;
  const holders = holdersOf({ keys: root.keys, role: root.roles[role] });
  const whose = holders.every((holder, at) => holder === keyIds[at]) ? "" : `; its keys are of ${holders.join(", ")}`;
  return new MasterError(
    "MASTER_KEYS_MISSING",
    `${role} needs ${threshold} of its keys to sign, ${got} found${why}${whose}`,
    {
      details: {
        role,
        wanted: threshold,
        got,
        keyIds,
        root: root.version,
        directory,
        ...(unnamed === undefined ? {} : { unnamed }),
        ...(isOfTeam(root) ? { signers: "several" } : {}),
      },
    },
  );
}

/** Removes previous keys that the root does not name, because their last signature has been published. */
export async function dropUnneededKeys(keys: KeyDirectory, root: Root): Promise<void> {
  for (const role of topLevelRoles) {
    const wanted = materials({ keys: root.keys, role: root.roles[role] });
    for (const file of await keys.list(role)) {
      const key = file.age === "current" ? undefined : await keys.findPublicKey(file);
      const material = key === undefined ? undefined : keyMaterial(key);
      if (material !== undefined && !wanted.has(material)) await keys.remove(file);
    }
  }
}
