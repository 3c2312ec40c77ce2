/** A client is killed, or meets a full or a broken disk, at each of its file system calls in turn. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isTemporaryFile } from "@dtuf/registry/files";
import { runWithFileFault, type FileFaultKind } from "@dtuf/testing/file-fault";
import { publishToDirectory } from "@dtuf/testing/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPuller, pull } from "./puller.ts";

const program = join(import.meta.dirname, "puller.ts");
const oldBytes = Buffer.alloc(1_500_000, "old ");
const newBytes = Buffer.alloc(2_500_000, "new ");

let folder: string;
let site: string;
/** A machine that has pulled the old release, and one that has pulled nothing. */
let machines: Readonly<Record<"returning" | "fresh", string>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dtuf-kill-"));
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
afterAll(() => rm(folder, { recursive: true, force: true }));

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

interface Trial {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly code: string;
  readonly after: { readonly metadata: string; readonly target: string };
  readonly afterNextRun: { readonly metadata: string; readonly target: string };
  readonly left: readonly string[];
}

async function strike(machine: keyof typeof machines, call: number, kind: FileFaultKind): Promise<Trial> {
  const home = join(await mkdtemp(join(folder, "trial-")), "home");
  await cp(machines[machine], home, { recursive: true });
  const run = await runWithFileFault({ program, args: [site, home], root: home, fault: { call, kind } });
  const after = await look(home);
  await pull(site, home);
  const afterNextRun = await look(home);
  const left = [...(await readdir(join(home, "out"))), ...(await readdir(join(home, "state", "metadata")))];
  await rm(home, { recursive: true });
  return { exitCode: run.exitCode, signal: run.signal, code: run.stdout.trim(), after, afterNextRun, left };
}

async function countCalls(machine: keyof typeof machines): Promise<number> {
  const home = join(await mkdtemp(join(folder, "count-")), "home");
  await cp(machines[machine], home, { recursive: true });
  const { calls = 0, stdout } = await runWithFileFault({ program, args: [site, home], root: home });
  expect(stdout).toBe("");
  expect(await look(home)).toEqual({ metadata: "new", target: "new" });
  return calls;
}

const before = {
  returning: { metadata: ["old", "new"], target: ["old", "new"] },
  fresh: { metadata: ["COPY_NOT_PINNED", "COPY_OFFLINE_NOTHING_CACHED", "new"], target: ["none", "new"] },
} as const;

/** What of this is not as it must be. */
function findProblems(machine: keyof typeof machines, kind: FileFaultKind, trial: Trial): readonly string[] {
  const { metadata, target }: { readonly metadata: readonly string[]; readonly target: readonly string[] } =
    before[machine];
  const { after, afterNextRun, left, signal, exitCode, code } = trial;
  const ended = kind.startsWith("kill")
    ? signal === "SIGKILL"
    : exitCode === 0 || (exitCode === 1 && /^(FILE_|COPY_)[A-Z_]+$/.test(code));
  return [
    ...(metadata.includes(after.metadata) ? [] : [`metadata ${after.metadata}`]),
    ...(target.includes(after.target) ? [] : [`target ${after.target}`]),
    ...(afterNextRun.metadata === "new" && afterNextRun.target === "new" ? [] : ["the next run did not succeed"]),
    ...(left.some(isTemporaryFile) ? ["a temporary file was left"] : []),
    ...(ended ? [] : [`ended with ${signal ?? exitCode}: ${code}`]),
  ];
}

describe.each(["returning", "fresh"] as const)("a %s machine", (machine) => {
  test.each([
    ["is killed before or in the middle of", "kill", 1],
    ["is killed after", "kill-after", 4],
    ["meets a full disk at", "ENOSPC", 2],
    ["meets a broken disk at", "EIO", 2],
  ] as const)(
    "that %s any call has the old or the new, and the next run succeeds",
    { timeout: 900_000 },
    async (_how, kind, every) => {
      const calls = await countCalls(machine);
      expect(calls).toBeGreaterThan(40);
      const problems: string[] = [];
      for (let call = 1; call <= calls; call += every) {
        const trial = await strike(machine, call, kind);
        problems.push(...findProblems(machine, kind, trial).map((problem) => `call ${call} of ${calls}: ${problem}`));
      }
      expect(problems).toEqual([]);
    },
  );
});
