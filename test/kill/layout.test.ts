/** A publisher into a layout is killed, or meets a full or a broken disk, at each of its file system calls in turn. */
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect, parseManifest, type Descriptor } from "@dtuf/registry";
import { isTemporaryFile } from "@dtuf/registry/files";
import { createLayoutStore } from "@dtuf/registry/layout";
import { runWithFileFault, type FaultyRunResult, type FileFaultKind } from "@dtuf/testing/file-fault";
import { createRelease, latest, publishRelease } from "./layout-publish.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dtuf-kill-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Trial {
  readonly directory: string;
  readonly result: FaultyRunResult;
}

/** Publishes `version` in a child process, on a copy of `before`. */
async function publish(before: string | undefined, fault?: { call: number; kind: FileFaultKind }): Promise<Trial> {
  const directory = join(await mkdtemp(join(folder, "trial-")), "layout");
  if (before !== undefined) await cp(before, directory, { recursive: true });
  const program = join(import.meta.dirname, "layout-publish.ts");
  const version = before === undefined ? 1 : 2;
  const result = await runWithFileFault({ program, args: [directory, String(version)], root: directory, fault });
  return { directory, result };
}

/** Which release readers see, after reading every byte of everything that the layout lists. */
async function readRelease(directory: string): Promise<number | undefined> {
  const store = createLayoutStore({ directory });
  const names = [];
  for await (const tag of store.listTags()) names.push(tag);
  for (const tag of names) {
    const found = await store.resolve(tag, { want: "bytes" });
    const manifest = parseManifest(found?.bytes ?? new Uint8Array());
    const blobs: readonly Descriptor[] = manifest.kind === "manifest" ? [manifest.config, ...manifest.layers] : [];
    for (const blob of blobs) {
      const stream = await store.open(blob);
      if (stream === undefined) throw new Error(`${tag} refers to ${blob.digest}, which is not there`);
      await collect(stream, 10_000);
    }
  }
  const digest = (await store.resolve(latest, { want: "digest" }))?.descriptor.digest;
  return [1, 2].find((version) => createRelease(version).manifest.descriptor.digest === digest);
}

async function listTemporaryFiles(directory: string): Promise<readonly string[]> {
  const names = existsSync(directory) ? await readdir(directory, { recursive: true }) : [];
  return names.filter(isTemporaryFile);
}

const errorCodes: ReadonlyMap<FileFaultKind, string> = new Map([
  ["ENOSPC", "FILE_NO_SPACE"],
  ["EIO", "FILE_IO"],
]);

interface Outcome {
  readonly release: number | undefined;
  readonly ended: string;
  readonly leftovers: readonly string[];
  readonly releaseAfterNextRun: number | undefined;
  readonly indexAfterNextRun: string;
}

async function observe({ directory, result }: Trial, next: number): Promise<Outcome> {
  const release = await readRelease(directory);
  const leftovers = await listTemporaryFiles(directory);
  await publishRelease(directory, next);
  const outcome = {
    release,
    ended: result.signal ?? (result.exitCode === 0 ? "fine" : result.stdout.trim() + result.stderr),
    leftovers,
    releaseAfterNextRun: await readRelease(directory),
    indexAfterNextRun: await readFile(join(directory, "index.json"), "utf8"),
  };
  await rm(directory, { recursive: true });
  return outcome;
}

interface Scenario {
  readonly name: string;
  readonly old: number | undefined;
  readonly next: number;
  readonly kinds: readonly FileFaultKind[];
}

describe.each<Scenario>([
  { name: "the first release", old: undefined, next: 1, kinds: ["kill", "ENOSPC"] },
  { name: "the next release", old: 1, next: 2, kinds: ["kill", "ENOSPC", "EIO"] },
])("a publication of $name", ({ old, next, kinds }) => {
  let before: string | undefined;
  let clean: Trial;
  beforeAll(async () => {
    before = old === undefined ? undefined : (await publish(undefined)).directory;
    clean = await publish(before);
  });

  async function isRight(call: number, kind: FileFaultKind): Promise<Outcome & { readonly right: boolean }> {
    const outcome = await observe(await publish(before, { call, kind }), next);
    const right =
      (outcome.release === old || outcome.release === next) &&
      (kind === "kill" ? outcome.ended === "SIGKILL" : ["fine", errorCodes.get(kind)].includes(outcome.ended)) &&
      (kind === "kill" || outcome.leftovers.length === 0) &&
      outcome.releaseAfterNextRun === next &&
      outcome.indexAfterNextRun === (await readFile(join(clean.directory, "index.json"), "utf8"));
    return { ...outcome, right };
  }

  /** Strikes each call in turn, a few at a time. */
  async function strikeEachCall(kind: FileFaultKind): Promise<{ readonly struck: number; readonly wrong: unknown[] }> {
    const calls = Array.from({ length: clean.result.calls ?? 0 }, (_, call) => call + 1);
    const wrong: unknown[] = [];
    let struck = 0;
    const strike = async (): Promise<void> => {
      for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
        const outcome = await isRight(call, kind);
        if (outcome.ended !== "fine") struck++;
        if (!outcome.right) wrong.push({ call, ...outcome });
      }
    };
    await Promise.all([strike(), strike(), strike()]);
    return { struck, wrong };
  }

  test("is whole where nothing fails", async () => {
    expect(clean.result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await readRelease(clean.directory)).toBe(next);
    expect(await listTemporaryFiles(clean.directory)).toEqual([]);
  });

  test.each(kinds)(
    "leaves the old state or the new one after %s at any call, and the next run goes on",
    { timeout: 600_000 },
    async (kind) => {
      const { struck, wrong } = await strikeEachCall(kind);
      expect(wrong).toEqual([]);
      expect(struck).toBeGreaterThan(50);
    },
  );
});
