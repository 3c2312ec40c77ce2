/** How much memory a push takes: a push of its own process, to a real registry. */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { findTargetPatches } from "@dtuf/format";
import { createMaster } from "@dtuf/master";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, expect, test } from "vitest";
import { registryOf, uniqueRepository } from "../setup/registries.ts";

const mebibyte = 1024 * 1024;
const home = useDirectory();
let repository: string;

beforeEach(async () => {
  repository = `${registryOf("plain").host}/${uniqueRepository("memory")}`;
  await using master = open();
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  await master.pushMetadata();
});

const open = (): ReturnType<typeof createMaster> =>
  createMaster({ repository, scheme: "http", directory: join(home, "master") });

/** By how many MiB the memory of the process rose. */
async function push(...paths: readonly string[]): Promise<number> {
  const script = join(import.meta.dirname, "push.ts");
  const words = ["--conditions=@dtuf/source", script, repository, join(home, "master"), ...paths];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  return Math.round(Number(stdout) / mebibyte);
}

test.runIf(process.platform === "linux")("a push of 512 MiB raises the memory by at most 96 MiB", async () => {
  const path = join(home, "large");
  const piece = randomBytes(mebibyte);
  const pieces = Array.from({ length: 512 }, (_, number) => piece.fill(number, 0, 4096));
  await pipeline(Readable.from(pieces), createWriteStream(path));
  const rose = await push(path);
  console.log(`a push of 512 MiB: memory rose by ${rose} MiB`);
  expect(rose).toBeLessThanOrEqual(96);
});

/** Like compiled code: instructions that stay, with an address in each that moves. Some of it is new. */
function program(shift: number): Buffer {
  const code = Buffer.alloc(48 * mebibyte);
  const instruction = createHash("sha256").update("instruction").digest();
  for (let at = 0; at < code.length; at += 64) {
    instruction.copy(code, at);
    code.writeUInt32LE(at, at + 4);
    code.writeUInt32LE((at * 7 + shift) >>> 0, at + 8);
  }
  randomBytes(mebibyte).copy(code, 20 * mebibyte);
  return code;
}

test.runIf(process.platform === "linux")(
  "a patch of a program of 48 MiB raises the memory by at most 96 MiB",
  async () => {
    const [old, path] = [join(home, "old"), join(home, "new")];
    await writeFile(old, program(0));
    await writeFile(path, program(4096));
    const rose = await push(path, old);
    console.log(`a patch of a program of 48 MiB: memory rose by ${rose} MiB`);
    expect(rose).toBeLessThanOrEqual(96);
    await using master = open();
    const [staged] = (await master.staged()).targets;
    const [patch] = staged?.file === undefined ? [] : findTargetPatches(staged.file);
    expect(patch?.blob.size).toBeLessThan(10 * mebibyte);
  },
);
