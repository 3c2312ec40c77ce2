import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { collect } from "@dtuf/registry";
import { findFile } from "@dtuf/registry/files";
import type { Context } from "./command.ts";
import { settings, type Setting, type SettingName } from "./settings.ts";
import { UsageError } from "./usage.ts";
import type { Values } from "./values.ts";

/** A file that was named on the command line, whole; `-` is stdin. @throws UsageError where it is not there; FileError */
export async function readInput({ io }: Context, file: string, maxBytes: number): Promise<Uint8Array> {
  if (file === "-") return collect(io.stdin.stream, maxBytes);
  const bytes = await findFile(resolve(io.cwd, file), { maxBytes });
  if (bytes !== undefined) return bytes;
  throw new UsageError(`there is no file ${file}`);
}

/** Every file that a setting names is there, and every directory that one is written to. @throws UsageError */
export async function verifyNamedFiles(values: Values, names: readonly SettingName[], cwd: string): Promise<void> {
  for (const name of names) {
    const { kind, needs }: Setting = settings[name];
    if (needs === undefined) continue;
    for (const path of kind === "list" ? values.list(name) : [values.text(name) ?? ""]) {
      if (path === "" || path === "-") continue;
      const wanted = needs === "file" ? "file" : "directory";
      const needed = needs === "parent" ? dirname(resolve(cwd, path)) : resolve(cwd, path);
      const found = await stat(needed).catch(() => undefined);
      if (found?.isDirectory() === (wanted === "directory")) continue;
      throw new UsageError(`${values.given(name)}: there is no ${wanted} ${needs === "parent" ? needed : path}`);
    }
  }
}
