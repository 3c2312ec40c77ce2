/** A client machine's run, in a process of its own: refreshes from a plain repository in a directory and saves a target. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { createCopy, createDirectorySource, type Copy } from "@dtuf/copy";
import { parseTargetPath } from "@dtuf/tuf";

/** `home/state` is the client's state, `home/out/target` what it saved; `site` is the repository. */
export function createPuller(site: string, home: string): Copy {
  return createCopy({
    source: createDirectorySource({ metadataDirectory: join(site, "metadata") }),
    place: "site",
    directory: join(home, "state"),
    now: () => new Date("2030-01-02T00:00:00Z"),
  });
}

export async function pull(site: string, home: string): Promise<void> {
  const copy = createPuller(site, home);
  const bytes = await readFile(join(site, "metadata", "1.root.json"));
  await copy.pullMetadata({ pin: { kind: "root", bytes } });
  const target = await copy.findTarget(parseTargetPath("team/target"));
  if (target === undefined) throw new TypeError("the target was not found");
  await copy.saveTarget(target, join(home, "out", "target"));
}

if (import.meta.main) await pull(process.argv[2] ?? "", process.argv[3] ?? "");
