/** A program of 64 MiB of which a little changed everywhere: pulled by a signed patch over the older one. */
import { copyFile, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compare } from "../compare.ts";
import { publisher } from "../repository.ts";
import { formatBytes, lineOf } from "../table.ts";
import type { Row } from "./row.ts";

/** Every so many bytes four are inserted, so that whatever follows moves. */
const everyBytes = 32_768;

export const update: Row = {
  id: "update",
  async run(stage) {
    const directory = await stage.fresh("update");
    const [old, path, out] = ["old", "new", "out"].map((name) => join(directory, name)) as [string, string, string];
    const bytes = await beginningOf(process.execPath, stage.scaled(64 << 20));
    await writeFile(old, bytes);
    await writeFile(path, changed(bytes));
    const repository = stage.repository();
    await publisher(stage, repository, [["program", old]]);
    await stage.must(stage.dtuf(["push-target", repository, "program", path, "--patch-from", "published"]));
    await stage.must(stage.dtuf(["push-metadata", repository]));
    const own = stage.dtuf(["pull-target", repository, "program", "--output", out]);
    const { environment: env } = stage;
    const results = await compare(
      [
        {
          name: "dtuf",
          prepare: async () => (await copyFile(old, out), own),
          check: async () => void (await stage.must({ argv: ["cmp", path, out], env })),
        },
      ],
      stage.rounds,
    );
    await rm(directory, { recursive: true });
    const show = ["time", "cpu", "memory"] as const;
    return [lineOf(`update of a program of ${formatBytes(bytes.length)} by a signed patch`, results, { show })];
  },
};

async function beginningOf(path: string, size: number): Promise<Buffer> {
  await using file = await open(path);
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, 0);
  return bytes.subarray(0, bytesRead);
}

function changed(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += everyBytes) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(at);
    pieces.push(bytes.subarray(at, at + everyBytes), number);
  }
  return Buffer.concat(pieces);
}
