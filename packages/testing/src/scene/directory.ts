import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, type During } from "./before.ts";

/** A directory that is empty at first and gone at the end. */
export function useDirectory(during: During = "each test"): string {
  const directory = join(tmpdir(), `dtuf-test-${randomUUID()}`);
  before(during, async () => {
    await mkdir(directory, { mode: 0o700 });
    return () => rm(directory, { recursive: true, force: true });
  });
  return directory;
}
