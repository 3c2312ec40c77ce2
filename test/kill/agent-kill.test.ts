/** An updater is killed at changes of the disk: what is installed starts at every moment, and the next run ends what it began. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeAgentRelease } from "@dtuf/agent/release";
import { killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { pack } from "tar-stream";
import { beforeAll, describe, expect, test } from "vitest";
import { createUpdater, throwUnlessSick, updateOnce } from "./agent.ts";

const patience = { timeout: 600_000 };
const kinds = ["executable", "archive"] as const;
const contents = { old: Buffer.alloc(200_000, "old "), new: Buffer.alloc(300_000, "new ") };

const folder = useDirectory("all tests");
const site = (kind: string): string => join(folder, kind, "site");
/** A machine that has the old version, and one that has the new one and keeps the old one. */
const machine = (kind: string, has: "old" | "new"): string => join(folder, kind, has);

beforeAll(async () => {
  for (const kind of kinds) {
    const sim = await createTufSimulator();
    await publish(sim, kind, "old");
    for (const has of ["old", "new"] as const) {
      await mkdir(join(machine(kind, has), "bin"), { recursive: true });
      await updateOnce(await createUpdater(site(kind), kind, machine(kind, has)));
    }
    await publish(sim, kind, "new");
    await updateOnce(await createUpdater(site(kind), kind, machine(kind, "new")));
  }
}, 60_000);

async function publish(sim: TufSimulator, kind: string, which: "old" | "new"): Promise<void> {
  const version = which === "old" ? "1.0.0" : "2.0.0";
  const custom = encodeAgentRelease({
    ...{ name: "app", version, channel: "stable", platform: undefined, rollout: 100, seed: "", critical: false },
    ...{ published: new Date("2030-01-01T00:00:00Z"), minimum: undefined, notes: undefined, supportUntil: undefined },
    ...{ revoked: false, rollback: undefined },
  });
  sim.addTarget(`app/${version}`, kind === "archive" ? await archive(contents[which]) : contents[which], { custom });
  await sim.publishRelease();
  await publishToDirectory(sim, site(kind));
}

async function archive(content: Buffer): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: "bin/app" }, content);
  tar.entry({ name: "app", type: "symlink", linkname: "bin/app" });
  tar.finalize();
  return Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Uint8Array>));
}

/** What a launcher would start, without asking the agent. */
async function look(kind: string, home: string): Promise<string> {
  const slots = join(home, "slots");
  const path =
    kind === "archive"
      ? join(slots, (await readFile(join(slots, "current"), "utf8")).trim(), "app")
      : join(home, "bin", "app");
  const bytes = await readFile(path).catch(() => Buffer.from("none"));
  return bytes.equals(contents.old) ? "old" : bytes.equals(contents.new) ? "new" : "torn";
}

describe.each(kinds)("an installed %s", (kind) => {
  const program = join(import.meta.dirname, "agent.ts");

  test(
    "starts, the old version or the new one, after a kill at each change of an update; the next runs end it",
    patience,
    async () => {
      const states: string[] = [];
      const kills = await killAtEachChange({
        ...{ program, args: [site(kind), kind, "update"], before: machine(kind, "old") },
        async check(home) {
          states.push(await look(kind, home));
          for (let run = 0; run < 2; run++) await updateOnce(await createUpdater(site(kind), kind, home));
          expect(await look(kind, home)).toBe("new");
        },
      });
      expect(new Set(states)).toEqual(new Set(["old", "new"]));
      expect(kills).toBeGreaterThan(40);
    },
  );

  test("starts after a kill at each change of a revert, and the next start ends it", patience, async () => {
    const states: string[] = [];
    await killAtEachChange({
      ...{ program, args: [site(kind), kind, "revert"], before: machine(kind, "new") },
      async check(home) {
        states.push(await look(kind, home));
        const agent = await createUpdater(site(kind), kind, home);
        const { installed } = await agent.recover();
        expect(await look(kind, home)).toBe(installed?.version === "1.0.0" ? "old" : "new");
      },
    });
    expect(new Set(states)).toEqual(new Set(["old", "new"]));
  });
});

test(
  "a program that an installer put there, of no known version, starts after a kill at each change of an update that fails, and is there again in the end",
  patience,
  async () => {
    const before = join(folder, "by-hand");
    await mkdir(join(before, "bin"), { recursive: true });
    await writeFile(join(before, "bin", "app"), contents.old);
    const states: string[] = [];
    const kills = await killAtEachChange({
      ...{ program: join(import.meta.dirname, "agent.ts"), args: [site("executable"), "executable", "sick"], before },
      async check(home) {
        states.push(await look("executable", home));
        const agent = await createUpdater(site("executable"), "executable", home);
        for (let run = 0; run < 2; run++) await updateOnce(agent, false).catch(throwUnlessSick);
        expect(await look("executable", home)).toBe("old");
        expect((await agent.pending()).reverted).toEqual(["2.0.0"]);
      },
    });
    expect(new Set(states)).toEqual(new Set(["old", "new"]));
    expect(kills).toBeGreaterThan(40);
  },
);
