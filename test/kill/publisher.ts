/** A day of a publisher, in a process of its own: rotates every key, replaces a target, deletes one and publishes. */
import { join } from "node:path";
import process from "node:process";
import { createMaster, MasterError } from "@dtuf/master";
import { createLayoutStore } from "@dtuf/registry/layout";

const directory = process.argv[2] ?? ".";
const now = (): Date => new Date("2030-01-20T00:00:00Z");
const master = createMaster({
  store: createLayoutStore({ directory: join(directory, "registry"), now }),
  place: "here",
  directory: join(directory, "master"),
  now,
  concurrency: 1,
});
await master.createRootKey();
await master.createMetadataKeys();
await master.resetKeys();
await master.pushTarget("changed", [{ kind: "file", path: join(directory, "new") }]);
await master.pushTarget("double", [
  { kind: "file", path: join(directory, "new") },
  { kind: "target", name: "changed" },
]);
// A run that was cut off may have staged or published it already.
await master.deleteTarget("dropped").catch((error: unknown) => {
  if (!MasterError.is(error) || error.code !== "MASTER_TARGET_UNKNOWN") throw error;
});
await master.pushMetadata();
await master.prune();
