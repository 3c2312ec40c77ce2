/**
 * @dtuf/copy under the command line that TUF's public client conformance suite drives (its CLIENT-CLI.md).
 *
 * The state lies below the metadata directory. After every call, refused ones included, the files that are trusted then
 * are shown beside it, byte for byte as they were served, under the names that the suite looks for.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  CopyError,
  createCopy,
  createHttpSource,
  type Copy,
  type Source,
  type TargetInfo,
  type TrustedFile,
} from "@dtuf/copy";
import { fileContent } from "@dtuf/registry";
import { FileError } from "@dtuf/registry/files";
import { createTransport, type Transport } from "@dtuf/registry/http";
import { parseTargetPath } from "@dtuf/tuf";

interface Arguments {
  readonly command: string | undefined;
  readonly root: string | undefined;
  readonly metadataDirectory: string;
  readonly metadataUrl: string;
  readonly targetBaseUrl: string;
  readonly targetDirectory: string;
  readonly targetNames: readonly string[];
}

const now = (): Date => new Date();

/** @returns the exit status: 0, or 1 for whatever went wrong */
export async function main(words: readonly string[]): Promise<number> {
  const transport = createTransport({ now, random: Math.random, plainHttp: () => "allow" });
  try {
    await run(parse(words), transport);
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await transport.close();
  }
}

function parse(words: readonly string[]): Arguments {
  const text = { type: "string", default: "" } as const;
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      "metadata-dir": text,
      "metadata-url": text,
      "target-base-url": text,
      "target-dir": text,
      "target-name": { type: "string", multiple: true, default: [] },
    },
  });
  return {
    command: positionals[0],
    root: positionals[1],
    metadataDirectory: values["metadata-dir"],
    metadataUrl: values["metadata-url"],
    targetBaseUrl: values["target-base-url"],
    targetDirectory: values["target-dir"],
    targetNames: values["target-name"],
  };
}

async function run(args: Arguments, transport: Transport): Promise<void> {
  const { command, metadataDirectory, metadataUrl, root = "" } = args;
  const copy = createCopy({
    source: command === "init" ? { sites: [] } : openSource(args, transport),
    place: metadataUrl,
    directory: join(metadataDirectory, "state"),
    now,
  });
  try {
    if (command === "init") await copy.pin(await readFile(root));
    else if (command === "refresh") await copy.pullMetadata({ delegations: "skip" });
    else if (command === "download") await download(copy, args);
    else throw new TypeError(`no command ${command ?? ""}: init, refresh or download`);
  } finally {
    await showTrusted(copy, metadataDirectory);
  }
}

function openSource({ metadataUrl, targetBaseUrl }: Arguments, transport: Transport): Source {
  return createHttpSource({
    transport,
    metadataUrl: new URL(metadataUrl),
    ...(targetBaseUrl === "" ? {} : { targetBaseUrl: new URL(targetBaseUrl) }),
  });
}

async function download(copy: Copy, { targetNames, targetDirectory }: Arguments): Promise<void> {
  for (const name of targetNames) {
    const target = await copy.findTarget(parseTargetPath(name));
    if (target === undefined) throw new Error(`no role vouches for ${JSON.stringify(name)}`);
    // The same file for the same target, whatever characters its name has.
    const file = join(targetDirectory, createHash("sha256").update(name).digest("hex"));
    if (!(await isHeld(copy, target, file))) await copy.saveTarget(target, file, { partial: "remove" });
  }
}

/** The artifact cache: what was downloaded before and still is the target is not fetched again. */
async function isHeld(copy: Copy, { path }: TargetInfo, file: string): Promise<boolean> {
  try {
    await copy.checkTarget(path, [fileContent(file)]);
    return true;
  } catch (error) {
    if (FileError.is(error) || (CopyError.is(error) && error.code === "COPY_TARGET_DIFFERS")) return false;
    throw error;
  }
}

async function showTrusted(copy: Copy, directory: string): Promise<void> {
  const shown = new Map<string, Uint8Array>();
  for (const { role, bytes } of await trustedFiles(copy)) shown.set(`${encodeURIComponent(role)}.json`, bytes);
  for (const [name, bytes] of shown) await writeFile(join(directory, name), bytes);
  for (const name of await readdir(directory)) {
    if (name.endsWith(".json") && !shown.has(name)) await rm(join(directory, name));
  }
}

async function trustedFiles(copy: Copy): Promise<readonly TrustedFile[]> {
  try {
    return await copy.trustedFiles();
  } catch (error) {
    if (CopyError.is(error) && error.code === "COPY_NOT_PINNED") return [];
    throw error;
  }
}
