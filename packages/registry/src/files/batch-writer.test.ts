import { open } from "node:fs/promises";
import { platform } from "node:os";
import { expect, test } from "vitest";
import { createBatchWriter } from "./batch-writer.ts";
import { FileError } from "./errors.ts";

// A device that takes every byte and cannot be synced stands for a disk that fails once the bytes are written back.
test.skipIf(platform() === "win32")(
  "a disk that fails during an early sync fails the whole file, not that sync alone",
  async () => {
    const path = "/dev/null";
    await using file = await open(path, "r+");
    const writer = createBatchWriter(file, { path, position: 0, sync: "early" });
    for (let chunk = 0; chunk < 40; chunk += 1) await writer.write(new Uint8Array(1024 * 1024));
    const error: unknown = await writer.end().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(FileError.is(error) && error.details).toMatchObject({ path });
    const without = createBatchWriter(file, { path, position: 0 });
    for (let chunk = 0; chunk < 40; chunk += 1) await without.write(new Uint8Array(1024 * 1024));
    await without.end();
  },
);
