/** metadataDirectory target: dtuf's client over files: refreshes from the pin, and finds the target. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCopy, createDirectorySource } from "@dtuf/copy";
import { parseTargetPath } from "@dtuf/tuf";

const [metadataDirectory = "", target = ""] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), "dtuf-bench-copy-"));
try {
  const source = createDirectorySource({ metadataDirectory, targetDirectory: join(metadataDirectory, "../targets") });
  const copy = createCopy({ source, place: "bench", directory, now: () => new Date() });
  await copy.pin(await readFile(join(metadataDirectory, "1.root.json")));
  if ((await copy.findTarget(parseTargetPath(target))) === undefined) throw new Error(`no ${target}`);
} finally {
  await rm(directory, { recursive: true });
}
