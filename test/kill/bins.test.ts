/** The move of targets into hash bins is killed at each change of the disk, or the disk is full from some call on. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestHex, digestOf } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { failAtEachCall, killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { createPrivateKey } from "@dtuf/testing/keys";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { createPublicKey } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { content, moveIntoBins, moveRoleIntoBins } from "./bins.ts";
import { openMachine } from "./machine.ts";

let plain: string;
let delegated: string;
const roots = new Map<string, Uint8Array>();

async function create(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "dtuf-kill-bins-"));
  const ci = await openMachine(directory, "ci");
  await ci.createRootKey();
  await ci.createMetadataKeys();
  await ci.createMetadata();
  for (const name of ["a", "b"]) await ci.pushTarget(name, [content(name)]);
  await ci.pushMetadata();
  return directory;
}

beforeAll(async () => {
  plain = await create();
  delegated = await create();
  const key = createPrivateKey();
  await writeFile(join(delegated, "tools.pem"), key.export({ format: "pem", type: "pkcs8" }));
  const pem = String(createPublicKey(key).export({ format: "pem", type: "spki" }));
  const ci = await openMachine(delegated, "ci");
  await ci.delegate("tools", { paths: ["tools/*"], keys: [pem] });
  await ci.propose("tools");
  const tools = await openMachine(delegated, "tools");
  await tools.adopt({ root: await ci.rootFile() });
  await tools.signProposal("tools");
  await ci.acceptProposal("tools");
  for (const name of ["tools/a", "tools/b"]) await tools.pushRoleTarget("tools", { name, parts: [content(name)] });
  await tools.propose("tools", { role: "tools" });
  await ci.acceptProposal("tools");
  for (const directory of [plain, delegated]) {
    roots.set(directory, await (await openMachine(directory, "ci")).rootFile());
  }
});
afterAll(async () => {
  for (const directory of [plain, delegated]) await rm(directory, { recursive: true, force: true });
});

async function read(directory: string, names: readonly string[], root: Uint8Array | undefined): Promise<unknown> {
  const store = createLayoutStore({ directory: join(directory, "registry") });
  const release = await readRelease(store, root ?? new Uint8Array(), new Date("2030-01-01T00:00:00Z"));
  return Promise.all(names.map((name) => readTarget(store, release, name)));
}

/** What was kept of a bin is the whole file. */
async function verifyKept(directory: string): Promise<void> {
  for (const machine of ["ci", "tools"]) {
    const kept = join(directory, machine, "bins");
    for (const name of await readdir(kept).catch(() => [])) {
      const sha256 = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
      if (sha256 !== undefined) expect(digestHex(digestOf(await readFile(join(kept, name))))).toBe(sha256);
    }
  }
}

const patience = { timeout: 600_000 };
const moves = [
  ["of the top-level role", () => plain, "targets", moveIntoBins, ["a", "b"], "new"],
  ["of a delegated role", () => delegated, "role", moveRoleIntoBins, ["tools/a", "tools/b"], "tools/new"],
] as const;

describe.for(moves)("the targets %s that move into hash bins", ([, start, word, move, names, added]) => {
  const goOn = async (directory: string): Promise<void> => {
    const root = roots.get(start());
    expect(await read(directory, names, root)).toEqual(names);
    await verifyKept(directory);
    await move(directory);
    expect(await read(directory, [...names, added], root)).toEqual([...names, "new"]);
    expect((await (await openMachine(directory, "ci")).staged()).bins).toBeUndefined();
  };

  test("are there for clients when it is killed at any change, and the next run ends it [T185]", patience, async () => {
    const program = join(import.meta.dirname, "bins.ts");
    const trials = { program, args: [word], before: start(), check: goOn };
    expect(await killAtEachChange(trials)).toBeGreaterThan(20);
  });

  test("are there for clients on a disk that is full, and the next run ends it [T185]", patience, async () => {
    const outcomes = new Set<string>();
    const check = async (directory: string, outcome: string): Promise<void> => {
      outcomes.add(outcome);
      await goOn(directory);
    };
    await failAtEachCall({ before: start(), run: move, kind: "full", check });
    expect(outcomes).toContain("FILE_NO_SPACE");
  });
});
