/**
 * Roots that were handed over together, roots older than the pinned one, and the root selected by keys. Trust goes
 * forward only: an old root that lists the key that signed the next one proves nothing, because anyone can make such a
 * root.
 */
import { openFile, parseUnverified, verifyDocument } from "./document.ts";
import { verifyThreshold } from "./envelope.ts";
import { TufError } from "./errors.ts";
import { keyFromPem, keyMaterial, type Key } from "./key.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import type { KeyId } from "./names.ts";
import type { Root } from "./root.ts";
import { createTrustedSet } from "./trusted-set.ts";
import { verifyVersion, type Trusted } from "./trusted.ts";

export interface RootChainOptions {
  readonly limits?: Partial<Limits> | undefined;
}

/** Older roots that a source offers and that are not accepted. */
export interface LeftOutRoots {
  /** Every root up to this version was left out. */
  readonly newest: number;
  /** Why the newest of them was not accepted. */
  readonly error: unknown;
}

/** An instant at which nothing is expired: only the newest root of a chain must be valid, and the following refresh verifies that. */
const epoch: Date = new Date(0);

/**
 * Verifies roots, oldest first: the first meets its own threshold; each other one has the next version and is signed as a
 * rotation from the previous one.
 * @throws TufError
 */
export function verifyRootChain(
  files: readonly Uint8Array[],
  { limits }: RootChainOptions = {},
): readonly Trusted<Root>[] {
  const [first, ...rest] = files;
  if (first === undefined) throw new TypeError("a chain has at least one root");
  const set = createTrustedSet({ root: first, now: epoch, limits });
  const { maxRootRotations } = set.limits;
  if (rest.length > maxRootRotations) {
    throw new TufError("TUF_LIMIT_EXCEEDED", `a chain of ${files.length} roots; at most ${maxRootRotations + 1}`, {
      details: { got: files.length, wanted: maxRootRotations + 1 },
    });
  }
  return [set.root, ...rest.map((file) => set.updateRoot(file))];
}

/**
 * Verifies a root that a source offers before `next`. It is accepted only if the pinned root's own threshold of keys signed
 * it, and `next` is a rotation from it.
 * @throws TufError
 */
export function verifyOlderRoot(
  file: Uint8Array,
  { next, pinned }: { readonly next: Trusted<Root>; readonly pinned: Trusted<Root> },
  { limits }: RootChainOptions = {},
): Trusted<Root> {
  const { keys, roles } = pinned.signed;
  verifyThreshold(openFile(file, "root", { ...defaultLimits, ...limits }), { keys, role: roles.root }, "root");
  const set = createTrustedSet({ root: file, now: epoch, limits });
  const older = set.root;
  verifyVersion(older, next.signed.version - 1);
  set.updateRoot(next.bytes);
  return older;
}

/**
 * Returns the first root that every given key signed and that meets its own threshold; undefined if there is no root.
 * The keys only select a root: all keys that the root lists are trusted from then on.
 * @param pems public keys; at least one
 * @throws TufError TUF_ROOT_KEYS_MISMATCH if no root matches, TUF_KEY_INVALID
 */
export async function findRootOfKeys(
  pems: readonly string[],
  roots: AsyncIterable<Uint8Array>,
  { limits }: RootChainOptions = {},
): Promise<Uint8Array | undefined> {
  const materials = new Set(pems.map((pem) => keyMaterial(keyFromPem(pem))));
  if (materials.size === 0) throw new TypeError("at least one key is needed to choose a root");
  let looked = 0;
  let newest: unknown;
  for await (const root of roots) {
    looked++;
    try {
      verifySignedByAll(root, materials, limits);
      return root;
    } catch (error) {
      if (!TufError.is(error)) throw error;
      newest = error;
    }
  }
  if (looked === 0) return undefined;
  const what = materials.size === 1 ? "the given key signs" : `all ${materials.size} given keys sign`;
  throw new TufError("TUF_ROOT_KEYS_MISMATCH", `${what} none of the ${looked} roots offered`, {
    details: { role: "root", looked },
    cause: newest,
  });
}

function verifySignedByAll(
  root: Uint8Array,
  materials: ReadonlySet<string | undefined>,
  limits: Partial<Limits> | undefined,
): void {
  createTrustedSet({ root, now: epoch, limits });
  const keys = new Map<KeyId, Key>();
  for (const [id, key] of parseUnverified(root, "root", limits).keys) {
    const material = keyMaterial(key);
    if (material !== undefined && materials.has(material)) keys.set(id, key);
  }
  const role = { keyIds: [...keys.keys()], threshold: materials.size, unrecognized: {} };
  verifyDocument(root, { keys, role }, "root");
}
