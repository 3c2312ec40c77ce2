/** A day of a publisher: it rotates every key, replaces a target, makes one of two blobs, deletes one, publishes, prunes. */
import { join } from "node:path";
import process from "node:process";
import { createMaster, MasterError } from "@dtuf/master";
import { createLayoutStore } from "@dtuf/registry/layout";

export async function publishDay(directory: string): Promise<void> {
  const now = (): Date => new Date("2030-01-20T00:00:00Z");
  const master = createMaster({
    store: createLayoutStore({ directory: join(directory, "registry"), now }),
    place: "here",
    directory: join(directory, "master"),
    now,
    concurrency: 1,
  });
  const file = { kind: "file", path: join(directory, "new") } as const;
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.resetKeys();
  await master.pushTarget("changed", [file]);
  await master.pushTarget("double", [file, { kind: "target", name: "changed" }]);
  // A run that was cut off may have staged it already, or published it.
  await master.deleteTarget("dropped").catch((error: unknown) => {
    if (!MasterError.is(error) || error.code !== "MASTER_TARGET_UNKNOWN") throw error;
  });
  await master.pushMetadata();
  await master.prune();
}

if (import.meta.main) await publishDay(process.argv[2] ?? "");
