/** examples/iot: a device whose power is cut at random file calls, again and again, while versions are published, good ones and bad ones. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundle } from "@dtuf/testing/file-faults/bundle";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archiveOf } from "../agent/archive-bytes.ts";
import { createMachine, publishDemo, type Machine } from "../cli/machine.ts";

const repo = "fred/demo";
/** An ordinary run cuts this often; `pnpm kills` 200 times. */
const cutsWanted = process.env["DTUF_EVERY_MOMENT"] === "1" ? 200 : 25;

let machine: Machine;
let programs: Readonly<Record<string, string>>;
const device = (): string => join(machine.directory, "device");
const repository = (): string => `oci:${join(machine.directory, "registry", repo)}`;

beforeAll(async () => {
  machine = await createMachine({ DTUF_HOST: "oci:registry" });
  await publishDemo(machine, repo, "Hello World\n");
  const root = join(import.meta.dirname, "../..");
  const inputs = {
    device: join(root, "examples/iot/device.ts"),
    preload: join(root, "packages/testing/src/file-faults/preload.ts"),
  };
  programs = await bundle(inputs, join(machine.directory, "bundled"));
  await mkdir(device());
  await writeFile(join(device(), "root.json"), (await machine.must(["get-root", repo, "--output", "-"])).bytes);
});
afterAll(() => machine[Symbol.asyncDispose]());

/** A version that does not start ends with an error. */
function programOf(version: string, isGood: boolean): string {
  const filling = `// ${version} `.repeat(20_000);
  return isGood
    ? `console.log("hello from ${version}");\n${filling}`
    : `throw new Error("bad ${version}");\n${filling}`;
}

async function publish(version: string, isGood: boolean): Promise<void> {
  const entries = [
    { name: "app.mjs", content: programOf(version, isGood) },
    { name: "doc/notes.txt", content: version },
  ];
  await writeFile(join(machine.directory, "app.tar.zst"), await archiveOf("tar.zst", entries));
  await machine.must(["release", repo, "app", version, "app.tar.zst"]);
  await machine.must(["push-metadata", repo]);
}

/** One boot; `cut` is the change of a file at which the power is cut. */
async function boot(cut?: number): Promise<"cut" | "up" | "does not start"> {
  const countFile = join(machine.directory, "count");
  const env = {
    ...process.env,
    ...{ NODE_COMPILE_CACHE: join(machine.directory, "cache"), DTUF_KILL_ROOT: device(), DTUF_KILL_KIND: "cut" },
    ...(cut === undefined ? { DTUF_KILL_COUNT_FILE: countFile } : { DTUF_KILL_AT: String(cut) }),
  };
  const { preload = "", device: program = "" } = programs;
  try {
    await promisify(execFile)(process.execPath, ["--import", preload, program, "boot", repository(), device()], {
      env,
    });
    return "up";
  } catch (error) {
    if (error instanceof Error && "signal" in error && error.signal === "SIGKILL") return "cut";
    if (error instanceof Error && "stderr" in error && String(error.stderr).includes("Error: bad "))
      return "does not start";
    throw error;
  }
}

interface Left {
  /** What the agent wrote down last. */
  readonly phase: string;
  /** The version of the slot that `current` names. */
  readonly starts: string;
  /** Slots, whole and not. */
  readonly slots: string;
}

/** Without the agent, as a boot loader sees it. */
async function look(published: ReadonlyMap<string, boolean>): Promise<Left> {
  const state = await readFile(join(device(), "agent", "agent.json"), "utf8").catch(() => "{}");
  const { pending } = JSON.parse(state) as { pending?: { phase: string } };
  const current = (await readFile(join(device(), "current"), "utf8").catch(() => "")).trim();
  const names = await readdir(join(device(), "slots")).catch((): string[] => []);
  const whole = names.filter((name) => names.includes(`${name}.whole`)).length;
  const torn = names.filter((name) => !name.endsWith(".whole")).length - whole;
  return {
    phase: pending?.phase ?? "nothing pending",
    starts: current === "" ? "none" : await versionOf(join(device(), current), published),
    slots: `${whole} whole${torn === 0 ? "" : `, ${torn} unfinished`}`,
  };
}

async function versionOf(slot: string, published: ReadonlyMap<string, boolean>): Promise<string> {
  const version = await readFile(join(slot, "doc", "notes.txt"), "utf8").catch(() => "");
  const bytes = await readFile(join(slot, "app.mjs"), "utf8").catch(() => "");
  const isGood = published.get(version);
  return isGood !== undefined && bytes === programOf(version, isGood) ? version : "torn";
}

/** Numbers from 0 to below 1 that are the same in each run. */
function createChance(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const patience = { timeout: 1_800_000 };

test(
  "a device with two slots starts a whole version after each power cut, and gets the newest one that works",
  patience,
  async () => {
    const published = new Map<string, boolean>([["1.0.0", true]]);
    const table = new Map<string, number>();
    const chance = createChance(20_301);
    await publish("1.0.0", true);
    expect(await boot()).toBe("up");
    const moments = Number(await readFile(join(machine.directory, "count"), "utf8"));
    expect(moments).toBeGreaterThan(30);
    let newest = "1.0.0";
    for (let cuts = 0; cuts < cutsWanted;) {
      const before = await look(published);
      const end = await boot(1 + Math.floor(chance() * moments));
      const left = await look(published);
      expect(left.starts).toMatch(/^\d+\.0\.0$/);
      if (end === "cut") {
        cuts++;
        const moved = left.starts === before.starts ? "the version before" : "the new version";
        const row = `| ${left.phase} | ${moved} | ${left.slots} |`;
        table.set(row, (table.get(row) ?? 0) + 1);
        continue;
      }
      // It is up to date, or goes back from a version that does not start: the publisher goes on.
      if (end === "up" && left.phase === "nothing pending" && left.starts === newest) {
        const isGood = published.size % 4 !== 0;
        const version = `${published.size + 1}.0.0`;
        published.set(version, isGood);
        if (isGood) newest = version;
        await publish(version, isGood);
      }
    }
    console.log(
      ["| written down | starts | slots | cuts |", ...[...table].map(([row, cuts]) => `${row} ${cuts} |`)].join("\n"),
    );
    for (let boots = 0; boots < 10; boots++) await boot();
    const settled = await look(published);
    expect(settled).toMatchObject({ phase: "nothing pending", starts: newest });
  },
);
