import type { Delegations } from "./delegations.ts";
import { encodeDelegations, parseDelegations } from "./delegations.ts";
import { fieldOf, objectAt, objectFrom } from "./fields.ts";
import type { TargetFile } from "./file-info.ts";
import { encodeTargetFile, parseTargetFile } from "./file-info.ts";
import type { JsonObject } from "./json.ts";
import type { Limits } from "./limits.ts";
import type { TargetPath } from "./names.ts";
import { parseTargetPath } from "./names.ts";
import type { SignedFields } from "./signed.ts";
import { encodeSignedFields, parseSignedFields, signedFieldNames } from "./signed.ts";

/** The top-level targets role or a delegated role. */
export interface Targets extends SignedFields {
  readonly type: "targets";
  readonly targets: ReadonlyMap<TargetPath, TargetFile>;
  readonly delegations?: Delegations;
}

const known = signedFieldNames("targets", "delegations");

/** Parses without verifying. @throws TufError */
export function parseTargets(signed: JsonObject, limits: Limits): Targets {
  const fields = parseSignedFields(signed, "targets", known);
  const targets = new Map<TargetPath, TargetFile>();
  const files = objectAt(signed, "targets", "targets");
  for (const path of Object.keys(files)) {
    targets.set(parseTargetPath(path), parseTargetFile(files[path] ?? null, path));
  }
  const hasDelegations = fieldOf(signed, "delegations") !== undefined;
  return {
    ...fields,
    type: "targets",
    targets,
    ...(hasDelegations && { delegations: parseDelegations(objectAt(signed, "delegations", "targets"), limits) }),
  };
}

export function encodeTargets(targets: Targets): JsonObject {
  return encodeSignedFields(targets, "targets", {
    targets: objectFrom(targets.targets, encodeTargetFile),
    ...(targets.delegations !== undefined && { delegations: encodeDelegations(targets.delegations) }),
  });
}
