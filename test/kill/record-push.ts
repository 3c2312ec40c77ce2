/** The first push of a publisher, by command line, which replaces a record that is there. */
import { join } from "node:path";
import process from "node:process";
import { main } from "dtuf";
import { createTestIo } from "@dtuf/testing/test-io";

const commands = [
  ["create-root-key"],
  ["create-metadata-keys"],
  ["create-metadata"],
  ["push-metadata", "--record-out", "demo.record"],
];

/** @throws Error whose code is the command, its exit status and what it said */
export async function pushWithRecord(directory: string): Promise<void> {
  const passwords = ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, ""]);
  const env = { ...Object.fromEntries(passwords), DTUF_HOST: `oci:${join(directory, "registry")}` };
  for (const [command = "", ...flags] of commands) {
    const argv = [command, "fred/demo", ...flags];
    const world = createTestIo({ argv, cwd: directory, env, now: () => new Date("2030-01-01T00:00:00Z") });
    const status = await main("dtuf", world.io);
    if (status !== 0)
      throw Object.assign(new Error(world.stderr()), { code: `${command}: ${status}: ${world.stderr()}` });
  }
}

if (import.meta.main) await pushWithRecord(process.argv[2] ?? "");
