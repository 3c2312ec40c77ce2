/** Reads targets of a verified repository to the last byte, as a client would, and keeps none of them. */
import type { ProgressCallback } from "@dtuf/registry";
import type { TargetPath } from "@dtuf/tuf";
import type { VerifiedRepository, VerifiedRole } from "./verified-repository.ts";

export interface ReadTargetsOptions {
  /** At most so many targets, chosen at random over all roles. `Infinity`: every target. */
  readonly most: number;
  /** At least 0 and less than 1. */
  readonly random: () => number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressCallback | undefined;
}

export interface TargetFault {
  readonly path: TargetPath;
  readonly role: string;
  readonly error: Error;
}

export interface ReadTargets {
  /** Number of targets that were read. */
  readonly targets: number;
  readonly bytes: number;
  /** The targets that no client gets, and why. */
  readonly faults: readonly TargetFault[];
}

/**
 * A target that another role's target hides is not read, because no client asks for it.
 * @throws the signal's reason; errors of single targets are in the result
 */
export async function readTargets(repository: VerifiedRepository, options: ReadTargetsOptions): Promise<ReadTargets> {
  const faults: TargetFault[] = unusable(repository);
  const chosen = choose(repository, options);
  let [targets, bytes] = [0, 0];
  for (const { path, role } of chosen) {
    options.signal?.throwIfAborted();
    try {
      const read = await readTarget(repository, { path, role }, options);
      if (read === undefined) continue;
      bytes += read;
    } catch (error) {
      options.signal?.throwIfAborted();
      faults.push({ path, role, error: error instanceof Error ? error : new TypeError(String(error)) });
    }
    targets += 1;
  }
  return { targets, bytes, faults };
}

interface Chosen {
  readonly path: TargetPath;
  readonly role: string;
}

async function readTarget(
  { copy }: VerifiedRepository,
  { path, role }: Chosen,
  { signal, onProgress }: ReadTargetsOptions,
): Promise<number | undefined> {
  const found = await copy.findTarget(path, { signal });
  if (found === undefined || found.role !== role) return undefined;
  let bytes = 0;
  for await (const chunk of await copy.openTarget(found, { signal, onProgress })) bytes += chunk.length;
  return bytes;
}

/** Vitter's algorithm R: one pass, and each target is as likely as any other. */
function choose(repository: VerifiedRepository, { most, random }: ReadTargetsOptions): readonly Chosen[] {
  const chosen: Chosen[] = [];
  let seen = 0;
  for (const { role, path } of listTargets(repository)) {
    seen += 1;
    if (chosen.length < most) chosen.push({ path, role });
    else {
      const at = Math.floor(random() * seen);
      if (at < most) chosen[at] = { path, role };
    }
  }
  return chosen;
}

function* listTargets({ targets, delegated }: VerifiedRepository): Iterable<Chosen> {
  for (const role of [targets, ...delegated]) {
    for (const path of role.targets.targets.keys()) yield { path, role: role.name };
  }
}

function unusable({ targets, delegated }: VerifiedRepository): TargetFault[] {
  const of = (role: VerifiedRole): TargetFault[] =>
    role.unusable.map(({ path, error }) => ({ path, role: role.name, error }));
  return [targets, ...delegated].flatMap(of);
}
