/** Targets as the listing commands print them: names, and with `--json` what is signed of each. */
import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject, TargetFile } from "@dtuf/tuf";
import type { Context } from "../context/command.ts";
import type { Terminal } from "../context/terminal.ts";
import { printRows, type Row } from "../context/text/columns.ts";
import { describeBytes } from "../context/time.ts";
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
  const found: Listed[] = [];
  const isStreamed = terminal.format === "text" && (context.io.stdout.terminal === "pipe" || values.on("null"));
  for await (const listed of targets) {
    if (!isWanted(listed)) continue;
    if (isStreamed) await terminal.printName(listed.path);
    else found.push(listed);
  }
  if (terminal.format === "json") return printDocument(terminal, found);
  await printRows(context, found.map(rowOf));
}

function printDocument(terminal: Terminal, found: readonly Listed[]): Promise<void> {
  const files = found.map(({ path, role, file: { length, hashes, custom } }) => {
    return { path, role, length, hashes, custom };
  });
  return terminal.printJson({ targets: files.map(({ path }) => path), files });
}

function rowOf({ path, role, file }: Listed): Row {
  return { cells: [path, describeBytes(file.length), role], line: path };
}

/** A text on the command line stands for a number or a truth value of the same spelling too. */
function hasCustom({ custom }: TargetFile, wanted: JsonObject | undefined): boolean {
  const isEqual = (got: Json | undefined, value: Json): boolean =>
    isDeepStrictEqual(got, value) || (typeof got !== "object" && got !== undefined && String(got) === value);
  return Object.entries(wanted ?? {}).every(
    ([key, value]) => custom !== undefined && Object.hasOwn(custom, key) && isEqual(custom[key], value),
  );
}
