/** Repositories of the size of package indexes, made by the simulator, as plain TUF repositories in a directory. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { binName, parseTargetPath, type RoleName, type SuccinctRoles, type TargetPath } from "@dtuf/tuf";

export interface LargeRepository {
  readonly metadataDirectory: string;
  /** The first root. */
  readonly root: string;
  /** A target that is there. */
  readonly target: TargetPath;
}

const lengthOf = (index: number): number => 1000 + index;
const pathOf = (index: number): TargetPath => parseTargetPath(`packages/name-${index}.tar.gz`);

function addEntry(sim: TufSimulator, role: string, index: number): void {
  const hash = createHash("sha256").update(String(index)).digest("hex");
  const document = role === "targets" ? sim.targets : sim.delegates.get(role);
  if (document === undefined) throw new TypeError(`no role ${role}`);
  document.targets.set(pathOf(index), {
    length: lengthOf(index),
    hashes: new Map([["sha256", hash]]),
    unrecognized: {},
  });
}

/** All in the top-level role. */
export async function createOneRole(directory: string, count: number): Promise<LargeRepository> {
  const sim = await createTufSimulator({ now: new Date() });
  for (let index = 0; index < count; index += 1) addEntry(sim, "targets", index);
  await sim.publishTargets();
  await sim.publishSnapshot();
  await sim.publishTimestamp();
  return { ...(await openDirectory(sim, directory)), target: pathOf(count - 1) };
}

export interface BinnedRepository extends LargeRepository {
  /** One more target, which is published. */
  add(): Promise<TargetPath>;
}

/** In succinct hash bins. A bin's targets are in memory only while it is signed. */
export async function createBins(directory: string, bitLength: number, count: number): Promise<BinnedRepository> {
  const sim = await createTufSimulator({ now: new Date() });
  sim.addSuccinctRoles("targets", bitLength, "bin");
  const { delegations } = sim.targets;
  if (delegations?.kind !== "succinct") throw new TypeError("the simulator has no bins");
  const bins = sort(delegations.succinct, count);
  await sim.publishTargets();
  const opened = await openDirectory(sim, directory);
  const publishBin = async (role: RoleName, indices: Iterable<number>): Promise<void> => {
    for (const index of indices) addEntry(sim, role, index);
    const bytes = await sim.publishDelegated(role);
    const { version, targets } = sim.delegates.get(role) ?? { version: 0, targets: new Map() };
    targets.clear();
    sim.files.delete(sim.fileName(role, version));
    await writeFile(join(opened.metadataDirectory, sim.fileName(role, version)), bytes);
  };
  for (const role of sim.delegates.keys()) await publishBin(role as RoleName, bins.get(role as RoleName) ?? []);
  await publishTop(sim, opened.metadataDirectory);
  return {
    ...opened,
    target: pathOf(count - 1),
    async add() {
      const path = pathOf(count);
      const role = binName(delegations.succinct, path);
      const document = sim.delegates.get(role);
      if (document !== undefined) document.version += 1;
      await publishBin(role, [...(bins.get(role) ?? []), count]);
      sim.snapshot.version += 1;
      sim.timestamp.version += 1;
      await publishTop(sim, opened.metadataDirectory);
      return path;
    },
  };
}

function sort(succinct: SuccinctRoles, count: number): ReadonlyMap<RoleName, readonly number[]> {
  const bins = new Map<RoleName, number[]>();
  for (let index = 0; index < count; index += 1) {
    const name = binName(succinct, pathOf(index));
    const bin = bins.get(name);
    if (bin === undefined) bins.set(name, [index]);
    else bin.push(index);
  }
  return bins;
}

async function publishTop(sim: TufSimulator, metadataDirectory: string): Promise<void> {
  await sim.publishSnapshot();
  await sim.publishTimestamp();
  await writeAll(sim, metadataDirectory);
}

async function writeAll(sim: TufSimulator, metadataDirectory: string): Promise<void> {
  for (const [name, bytes] of sim.files) await writeFile(join(metadataDirectory, name), bytes);
}

async function openDirectory(
  sim: TufSimulator,
  directory: string,
): Promise<{ readonly metadataDirectory: string; readonly root: string }> {
  const metadataDirectory = join(directory, "metadata");
  await mkdir(metadataDirectory, { recursive: true });
  await mkdir(join(directory, "targets"), { recursive: true });
  await writeAll(sim, metadataDirectory);
  return { metadataDirectory, root: join(metadataDirectory, "1.root.json") };
}
