import type { Delegations } from "./delegations.ts";
import type { TargetFile } from "./file-info.ts";
import type { TargetPath } from "./names.ts";
import type { SignedFields } from "./signed.ts";

/** The top-level targets role, or any delegated one. */
export interface Targets extends SignedFields {
  readonly type: "targets";
  readonly targets: ReadonlyMap<TargetPath, TargetFile>;
  readonly delegations?: Delegations;
}
