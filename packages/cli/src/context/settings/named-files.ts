import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { settings, type Setting, type SettingName } from "./settings.ts";
import { UsageError } from "../usage.ts";
import type { Values } from "./values.ts";
import { findStat } from "./find-stat.ts";

/** `-` is stdin or stdout there. */
const streamed: ReadonlySet<SettingName> = new Set([
  "output",
  "tuf",
  "key",
  "source-yaml",
  "record",
  "record-out",
  "names-from",
]);

/** Values that name no file: what is published, or a release. */
const words: ReadonlyMap<SettingName, RegExp> = new Map([["patch-from", /^(?:published|(?:release\.)?[0-9]+)$/]]);

/** Every file that a setting names is there, and every directory that one is written to. @throws UsageError */
export async function verifyNamedFiles(values: Values, names: readonly SettingName[], cwd: string): Promise<void> {
  for (const name of names) {
    const { kind, needs }: Setting = settings[name];
    if (needs === undefined) continue;
    for (const path of kind === "list" ? values.list(name) : [values.text(name) ?? ""]) {
      if (path === "" || words.get(name)?.test(path) === true || (path === "-" && streamed.has(name))) continue;
      if (needs === "parent" && name !== "log-file") {
        await verifyNotState(values.given(name), resolve(cwd, path));
        await verifyReplaced(values.given(name), resolve(cwd, path));
      }
      if (path === "-") throw new UsageError(`${values.given(name)}: wanted a file; got -, which is for data alone`);
      const wanted = needs === "file" ? "file" : "directory";
      const needed = needs === "parent" ? dirname(resolve(cwd, path)) : resolve(cwd, path);
      const found = await findStat(needed);
      if (found?.isDirectory() === (wanted === "directory")) continue;
      throw new UsageError(`${values.given(name)}: there is no ${wanted} ${needs === "parent" ? needed : path}`);
    }
  }
}

/** Before the first line is logged. What is appended to a link goes to the file that it names. @throws UsageError */
export async function verifyLogFile(values: Values, cwd: string): Promise<void> {
  const file = values.text("log-file") ?? "";
  const path = resolve(cwd, file);
  if (file !== "") await verifyNotState(values.given("log-file"), await realpath(path).catch(() => path));
}

/** Files but the log, which is appended to, are written under a new name and renamed: over a device or a pipe, too. */
async function verifyReplaced(given: string, path: string): Promise<void> {
  const found = await findStat(path);
  if (found === undefined || found.isFile() || found.isDirectory()) return;
  throw new UsageError(`${given}: ${path} is a device or a pipe; name a file, or leave the option out`);
}

/** Files that show that a directory of that name is a publisher's or a client's state. */
const stateMarks: Readonly<Record<string, readonly string[]>> = {
  master: ["record.json", "keys/root_key", "keys/root_key.pub", "keys/targets_key", "keys/timestamp_key"],
  copy: ["state.json", "pin.json"],
};

/** A file of a command would replace the keys or the record, or lie among the files that a later command deletes. */
async function verifyNotState(given: string, path: string): Promise<void> {
  const parent = await realpath(dirname(path)).catch(() => dirname(path));
  let directory = join(parent, basename(path));
  for (; dirname(directory) !== directory; directory = dirname(directory)) {
    for (const mark of stateMarks[basename(directory)] ?? []) {
      if ((await findStat(join(directory, mark))) === undefined) continue;
      throw new UsageError(`${given}: ${path} is in ${directory}, which holds keys or state; name another place`);
    }
  }
}
