/** A client is killed at each change of the disk, or meets a full or a broken one at each file call. */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isTemporaryFile } from "@dtuf/registry/files";
import { failAtEachCall, killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeAll, describe, expect, test } from "vitest";
import { createPuller, pull } from "./puller.ts";

const patience = { timeout: 600_000 };
const oldBytes = Buffer.alloc(600_000, "old ");
const newBytes = Buffer.alloc(1_200_000, "new ");

const folder = useDirectory("all tests");
let site: string;
/** A machine that has pulled the old release, and one that has pulled nothing. */
let machines: Readonly<Record<"returning" | "fresh", string>>;

beforeAll(async () => {
  site = join(folder, "site");
  machines = { returning: join(folder, "returning"), fresh: join(folder, "fresh") };
  for (const home of Object.values(machines)) await mkdir(join(home, "out"), { recursive: true });
  const sim = await createTufSimulator();
  sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
  await publish(sim, oldBytes);
  await pull(site, machines.returning);
  for (const role of ["root", "timestamp", "snapshot"] as const) sim.rotateKeys(role);
  sim.root.version = 2;
  await sim.publishRoot();
  await publish(sim, newBytes);
});

async function publish(sim: TufSimulator, bytes: Uint8Array): Promise<void> {
  sim.addTarget("team/target", bytes, { role: "team" });
  await sim.publishRelease();
  await publishToDirectory(sim, site);
}

/** What the machine holds without asking anybody: "old", "new", or the code that says why nothing. */
async function look(home: string): Promise<{ readonly metadata: string; readonly target: string }> {
  const metadata = await createPuller(site, home)
    .pullMetadata({ mode: "offline" })
    .then(
      ({ versions }) => (versions.get("timestamp") === 3 ? "new" : "old"),
      (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)),
    );
  const bytes = await readFile(join(home, "out", "target")).catch(() => undefined);
  const target =
    bytes === undefined ? "none" : bytes.equals(newBytes) ? "new" : bytes.equals(oldBytes) ? "old" : "torn";
  return { metadata, target };
}

async function expectNextRunSucceeds(home: string): Promise<void> {
  await pull(site, home);
  expect(await look(home)).toEqual({ metadata: "new", target: "new" });
  const left = [...(await readdir(join(home, "out"))), ...(await readdir(join(home, "state", "metadata")))];
  expect(left.filter(isTemporaryFile)).toEqual([]);
}

describe.each([
  { machine: "returning", metadata: ["old", "new"], target: ["old", "new"] },
  {
    machine: "fresh",
    metadata: ["COPY_NOT_PINNED", "COPY_OFFLINE_NOTHING_CACHED", "new"],
    target: ["none", "new"],
  },
] as const)("a $machine machine", ({ machine, metadata, target }) => {
  async function expectOldOrNew(home: string): Promise<void> {
    const found = await look(home);
    expect(metadata).toContain(found.metadata);
    expect(target).toContain(found.target);
  }

  test("that is killed at any change has the old or the new, and the next run succeeds", patience, async () => {
    const check = async (home: string): Promise<void> => {
      await expectOldOrNew(home);
      await expectNextRunSucceeds(home);
    };
    const program = join(import.meta.dirname, "puller.ts");
    expect(await killAtEachChange({ program, args: [site], before: machines[machine], check })).toBeGreaterThan(20);
  });

  test.each([
    ["full", "ENOSPC"],
    ["broken", "EIO"],
  ] as const)(
    "that meets a %s disk at any call has the old or the new, and the next run succeeds",
    patience,
    async (_how, kind) => {
      const check = async (home: string, outcome: string): Promise<void> => {
        await expectOldOrNew(home);
        expect(outcome).toMatch(/^(fine|(FILE|COPY)_[A-Z_]+)$/);
        await expectNextRunSucceeds(home);
      };
      const run = (home: string): Promise<void> => pull(site, home);
      expect(await failAtEachCall({ before: machines[machine], run, kind, check })).toBeGreaterThan(30);
    },
  );
});
