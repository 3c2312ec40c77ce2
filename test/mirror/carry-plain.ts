/** Carries a plain TUF repository into a layout, through the library alone. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createDirectorySource } from "@dtuf/copy";
import { verifyRepository, writeRepository } from "@dtuf/mirror/tuf";
import { createLayoutStore } from "@dtuf/registry/layout";

export const carryingDay = (): Date => new Date("2030-01-02T00:00:00Z");

export async function carryPlain(plain: string, directory: string): Promise<void> {
  const metadataDirectory = join(plain, "metadata");
  const repository = await verifyRepository({
    source: createDirectorySource({ metadataDirectory, targetDirectory: join(plain, "targets") }),
    root: await readFile(join(metadataDirectory, "1.root.json")),
    directory: join(directory, "state"),
    now: carryingDay,
  });
  const store = createLayoutStore({ directory: join(directory, "mirror") });
  await writeRepository(repository, { store, directory: join(directory, "targets"), concurrency: 1 });
}
