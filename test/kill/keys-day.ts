/** A second root key is made and added, and the threshold raised. What is done already is left out. */
import { createPrivateKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createMaster, MasterError, type Master } from "@dtuf/master";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createSigner, type Signer } from "@dtuf/tuf";
import { main } from "dtuf";
import { createTestIo } from "@dtuf/testing/test-io";

export const now = (): Date => new Date("2030-01-01T00:00:00Z");

export function openPublisher(directory: string, signers: readonly Signer[] = []): Master {
  const store = createLayoutStore({ directory: join(directory, "registry"), now });
  return createMaster({ store, place: "here", directory: join(directory, "master"), now, signers });
}

/** @throws Error whose code has the exit status */
async function createKey(directory: string): Promise<void> {
  const argv = ["create-key", "alice", "--signers-file", "signers.json"];
  const world = createTestIo({ argv, cwd: directory, env: { CI: "1" }, now });
  const status = await main("dtuf", world.io);
  if (status !== 0) throw Object.assign(new Error(world.stderr()), { code: `create-key: ${status}` });
}

export async function addHolder(directory: string): Promise<void> {
  if (!existsSync(join(directory, "alice.pub"))) await createKey(directory);
  const alice = createSigner(createPrivateKey(readFileSync(join(directory, "alice"))));
  const master = openPublisher(directory, [alice]);
  await master.addKey("root", alice.key, { owner: "@alice" }).catch((error: unknown) => {
    if (!MasterError.is(error) || error.code !== "MASTER_KEY_EXISTS") throw error;
  });
  await master.setThreshold("root", 2);
  await master.pushMetadata();
}

if (import.meta.main) await addHolder(process.argv[2] ?? "");
