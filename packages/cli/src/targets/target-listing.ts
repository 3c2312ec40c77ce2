/** Targets as the listing commands print them: names, and with `--json` what is signed of each. */
import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject, TargetFile } from "@dtuf/tuf";
import type { Context } from "../context/command.ts";
import { readCustom } from "./custom.ts";
import { readPrefix } from "./prefix.ts";

export interface Listed {
  readonly path: string;
  readonly role: string;
  readonly file: TargetFile;
}

export async function printTargets(
  context: Context,
  targets: AsyncIterable<Listed> | Iterable<Listed>,
  role?: string,
): Promise<void> {
  const { terminal, values } = context;
  const prefix = readPrefix(values);
  const custom = await readCustom(context);
  const isWanted = (listed: Listed): boolean =>
    listed.path.startsWith(prefix) && (role ?? listed.role) === listed.role && hasCustom(listed.file, custom);
  const files: object[] = [];
  const names: string[] = [];
  for await (const listed of targets) {
    if (!isWanted(listed)) continue;
    if (terminal.format === "text") {
      await terminal.printName(listed.path);
      continue;
    }
    const { length, hashes, custom: signed } = listed.file;
    names.push(listed.path);
    files.push({ path: listed.path, role: listed.role, length, hashes, custom: signed });
  }
  if (terminal.format === "json") await terminal.printJson({ targets: names, files });
}

/** A text on the command line stands for a number or a truth value of the same spelling too. */
function hasCustom({ custom }: TargetFile, wanted: JsonObject | undefined): boolean {
  const isEqual = (got: Json | undefined, value: Json): boolean =>
    isDeepStrictEqual(got, value) || (typeof got !== "object" && got !== undefined && String(got) === value);
  return Object.entries(wanted ?? {}).every(
    ([key, value]) => custom !== undefined && Object.hasOwn(custom, key) && isEqual(custom[key], value),
  );
}
