/**
 * Roots that were handed over together, and roots older than the pinned one. Trust flows forward only: that an old root
 * lists the key that signed the next one proves nothing, because anybody can make such a root.
 */
import { openFile } from "./document.ts";
import { checkThreshold } from "./envelope.ts";
import { TufError } from "./errors.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import type { Root } from "./root.ts";
import { createTrustedSet } from "./trusted-set.ts";
import { checkVersion, type Trusted } from "./trusted.ts";

export interface RootChainOptions {
  readonly limits?: Partial<Limits> | undefined;
}

/** Nothing is expired at it: of a chain only the newest root may not be, and the refresh that starts there looks at that. */
const epoch: Date = new Date(0);

/**
 * Roots, oldest first: the first meets its own threshold, each other one has the next version and is signed as a rotation
 * from the one before it.
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
 * A root that a source shows before `next`. It is taken only if the pinned root's own threshold of keys signed it, and
 * `next` is a rotation from it.
 * @throws TufError
 */
export function verifyOlderRoot(
  file: Uint8Array,
  { next, pinned }: { readonly next: Trusted<Root>; readonly pinned: Trusted<Root> },
  { limits }: RootChainOptions = {},
): Trusted<Root> {
  const { keys, roles } = pinned.signed;
  checkThreshold(openFile(file, "root", { ...defaultLimits, ...limits }), { keys, role: roles.root }, "root");
  const set = createTrustedSet({ root: file, now: epoch, limits });
  const older = set.root;
  checkVersion(older, next.signed.version - 1);
  set.updateRoot(next.bytes);
  return older;
}
