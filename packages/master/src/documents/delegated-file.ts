import type { RoleName, Targets } from "@dtuf/tuf";
import type { SignedFile } from "./plan.ts";

/** A delegated role's file that goes into the next snapshot. */
export interface DelegatedFile extends SignedFile {
  readonly name: RoleName;
  readonly document: Targets;
  /** The role that delegates to it. Default: targets. */
  readonly delegator?: RoleName | undefined;
  /** Targets that were published before: the registry has their manifests and blobs. */
  readonly published?: Targets["targets"] | undefined;
  /** "bin": a hash bin, whose manifest keeps its targets' blobs. */
  readonly kind?: "bin" | undefined;
}
