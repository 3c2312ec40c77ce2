/** Targets of a delegated role, staged in the delegate's own state. */
import type { Master, TargetPart } from "@dtuf/master";
import type { ProgressCallback } from "@dtuf/registry";
import type { JsonObject, TargetFile } from "@dtuf/tuf";
import type { Context } from "../../context/command.ts";
import { indexOptions } from "../../targets/chunk-index.ts";

/** The role that `--role` names. */
export function givenRole({ values }: Context): string | undefined {
  const role = values.text("role") ?? "";
  return role === "" ? undefined : role;
}

interface Push {
  readonly target: string;
  readonly parts: readonly TargetPart[];
  readonly custom: JsonObject | undefined;
  readonly onProgress: ProgressCallback;
}

/** Into the role that `--role` names, else into targets. */
export function pushPlaced(context: Context, master: Master, { target, parts, ...more }: Push): Promise<TargetFile> {
  const role = givenRole(context);
  const options = { ...more, ...indexOptions(context), signal: context.io.signal };
  if (role === undefined) return master.pushTarget(target, parts, options);
  return master.pushRoleTarget(role, { name: target, parts }, options);
}
