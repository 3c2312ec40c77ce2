/** What somebody may have meant who named a target, a role, a key's owner or a proposal that is not there. */
import { findNear } from "../context/text/near.ts";

/** Names that are known: each list is asked for only if there is an error of its kind. */
export interface KnownNames {
  /** On this machine: no request is made for them. */
  readonly targets: () => Promise<Iterable<string>>;
  readonly roles?: () => Promise<Iterable<string>>;
  /** Of the keys of a role. */
  readonly owners?: (role: string) => Promise<Iterable<string>>;
  readonly proposals?: () => Promise<Iterable<string>>;
}

interface Coded extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Adds `details.near` to an error of an unknown name. */
export async function addNear(error: unknown, known: KnownNames): Promise<void> {
  if (!isCoded(error)) return;
  const { path, target, name, role, wanted, staged } = error.details;
  switch (error.code) {
    case "COPY_TARGET_UNKNOWN":
    case "MASTER_TARGET_UNKNOWN":
      return add(error, path ?? target ?? name, async () => (Array.isArray(staged) ? staged : known.targets()));
    case "MASTER_ROLE_UNKNOWN":
      return add(error, role, known.roles);
    case "MASTER_KEY_UNKNOWN":
      return add(error, wanted, async () => known.owners?.(String(role)));
    case "MASTER_PROPOSAL_UNKNOWN":
      return add(error, name, known.proposals);
  }
}

function isCoded(error: unknown): error is Coded {
  return error instanceof Error && "code" in error && "details" in error && error.details instanceof Object;
}

/** The first error is the one that is reported: a state that cannot be read has no names to offer. */
async function add(
  error: Coded,
  word: unknown,
  list: (() => Promise<Iterable<string> | undefined>) | undefined,
): Promise<void> {
  if (typeof word !== "string") return;
  try {
    noteNear(error, findNear(word, (await list?.()) ?? []));
  } catch {}
}

/** The hint names them. */
export function noteNear(error: Error, near: readonly string[]): void {
  const details = isCoded(error) ? error.details : {};
  if (near.length > 0) Object.defineProperty(error, "details", { value: { ...details, near }, enumerable: true });
}
