/** A push that writes a record is killed at each change of the disk, or the disk is full from some call on. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { latestTag, parseRelease } from "@dtuf/format";
import { createLayoutStore } from "@dtuf/registry/layout";
import { failAtEachCall, killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeAll, expect, test } from "vitest";
import { pushWithRecord } from "./record-push.ts";

const start = useDirectory("all tests");
beforeAll(async () => {
  await writeFile(join(start, "demo.record"), "old");
});

/** Old, or of the release that is published: it is written whole, and after the switch. */
async function look(directory: string): Promise<"old" | "new"> {
  const text = await readFile(join(directory, "demo.record"), "utf8");
  if (text === "old") return "old";
  const { signed } = JSON.parse(text) as { signed: { snapshot: { version: number; sha256: string } } };
  const store = createLayoutStore({ directory: join(directory, "registry/fred/demo") });
  const latest = await store.resolve(latestTag, { want: "bytes" });
  const { files } = parseRelease(latest?.bytes ?? new Uint8Array());
  const { version, sha256 } = signed.snapshot;
  expect(files.get(`${version}.snapshot.json`)?.digest).toBe(`sha256:${sha256}`);
  return "new";
}

const patience = { timeout: 600_000 };

test("killed at any change, a push leaves the old record, or the new one of what is published", patience, async () => {
  const seen = new Set<string>();
  const program = join(import.meta.dirname, "record-push.ts");
  await killAtEachChange({ program, before: start, check: async (directory) => void seen.add(await look(directory)) });
  expect(seen).toEqual(new Set(["old", "new"]));
});

test("on a disk that is full, a push leaves the old record, says what stands, and exits with 8", patience, async () => {
  const said = new Set<string>();
  const check = async (directory: string, outcome: string): Promise<void> => {
    const record = await look(directory);
    expect(outcome === "fine" ? `fine: ${record}` : outcome).toMatch(/^(?:fine: new$|[a-z-]+: 8: )/);
    if (outcome.includes("but its record is not written")) said.add(record);
  };
  await failAtEachCall({ before: start, run: pushWithRecord, kind: "full", check });
  expect(said).toContain("old");
});
