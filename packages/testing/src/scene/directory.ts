import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach } from "vitest";

/** A directory that is empty before each test and gone after it. */
export function useDirectory(): string {
  const directory = join(tmpdir(), `dtuf-test-${randomUUID()}`);
  beforeEach(async () => {
    await mkdir(directory, { mode: 0o700 });
    return () => rm(directory, { recursive: true, force: true });
  });
  return directory;
}
