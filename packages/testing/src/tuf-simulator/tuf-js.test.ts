/** tuf-js, an independent client, accepts what the simulator signs, and refuses it after a change, so that accepting proves something. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BaseFetcher, Updater } from "tuf-js";
import { DownloadHTTPError } from "tuf-js/dist/error.js";
import { describe, expect, onTestFinished, test } from "vitest";
import { createTestSigner } from "../keys.ts";
import type { TestKeyType } from "../keys.ts";
import { createTufSimulator } from "./tuf-simulator.ts";
import type { TufSimulator } from "./tuf-simulator.ts";

const now = new Date();
const base = "https://simulator.invalid/";

class SimulatorFetcher extends BaseFetcher {
  readonly #sim: TufSimulator;

  constructor(sim: TufSimulator) {
    super();
    this.#sim = sim;
  }

  override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const file = this.#sim.files.get(decodeURIComponent(url.slice(base.length)));
    if (file === undefined) throw new DownloadHTTPError(`no ${url}`, 404);
    return new Blob([new Uint8Array(file)]).stream();
  }
}

async function updaterOf(sim: TufSimulator): Promise<Updater> {
  const metadataDir = await mkdtemp(join(tmpdir(), "dtuf-tuf-js-"));
  onTestFinished(() => rm(metadataDir, { recursive: true }));
  await writeFile(join(metadataDir, "root.json"), sim.files.get("1.root.json") ?? "");
  return new Updater({ metadataDir, metadataBaseUrl: base, fetcher: new SimulatorFetcher(sim) });
}

describe("tuf-js", () => {
  test.each<TestKeyType>(["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa"])(
    "takes metadata signed with %s keys",
    async (type) => {
      const sim = await createTufSimulator({ now });
      for (const role of ["timestamp", "snapshot", "targets"] as const) {
        sim.root.roles[role].keyIds = [];
        sim.signers.set(role, []);
        sim.addSigner(role, createTestSigner(type));
      }
      sim.addSigner("root", createTestSigner(type));
      sim.root.roles.root.threshold = 2;
      sim.root.version += 1;
      await sim.publishRoot();
      sim.addTarget('päth/\u{1f600} "quoted"\n', Buffer.from("hello"), { custom: { any: [1, "\\", null] } });
      await sim.publishRelease();
      const updater = await updaterOf(sim);
      await updater.refresh();
      const found = await updater.getTargetInfo('päth/\u{1f600} "quoted"\n');
      expect(found?.length).toBe(5);
    },
  );

  test("walks delegations and succinct bins, after a rotation of every key", async () => {
    const sim = await createTufSimulator({ now });
    sim.addDelegation("targets", { name: "a role/with a slash", paths: ["x/*"], terminating: true });
    sim.addTarget("x/y", Buffer.from("there"), { role: "a role/with a slash" });
    sim.addDelegation("targets", { name: "bins", paths: ["*"] });
    const names = sim.addSuccinctRoles("bins", 3, "bin");
    for (const role of names) sim.addTarget(`only in ${role}`, Buffer.from(role), { role });
    for (const role of names) sim.addTarget("in every bin", Buffer.from("!"), { role });
    for (const role of ["root", "timestamp", "snapshot", "targets"] as const) sim.rotateKeys(role);
    sim.root.version += 1;
    await sim.publishRoot();
    await sim.publishRelease();
    const updater = await updaterOf(sim);
    await updater.refresh();
    expect((await updater.getTargetInfo("x/y"))?.length).toBe(5);
    expect((await updater.getTargetInfo("in every bin"))?.length).toBe(1);
    expect(await updater.getTargetInfo("x/none")).toBeUndefined();
  });

  test("refuses the same repository with one byte of a signed part changed", async () => {
    const sim = await createTufSimulator({ now, metaHashes: "versions-only" });
    const name = sim.fileName("targets", 1);
    const text = Buffer.from(sim.files.get(name) ?? "").toString();
    sim.files.set(name, Buffer.from(text.replace('"version":1', '"version":1,"x":1')));
    const updater = await updaterOf(sim);
    await expect(updater.refresh()).rejects.toThrow(/was signed by 0\/1 keys/);
  });
});
