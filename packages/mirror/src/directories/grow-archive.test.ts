/** Two writers of one archive at once. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTag } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { listAll, putManifest } from "@dtuf/testing/oci-content";
import { expect, test } from "vitest";
import { growArchive, openArchive, type GrowingArchive } from "./open-archive.ts";

async function add({ directory }: GrowingArchive, tag: string): Promise<void> {
  const store = createLayoutStore({ directory });
  const { descriptor } = await putManifest(store);
  await store.tag(parseTag(tag), descriptor);
}

test("a second writer of an archive waits for the first one, and adds to what that one wrote [T284]", async () => {
  const home = await mkdtemp(join(tmpdir(), "grow-archive-"));
  const file = join(home, "x.tar");
  try {
    const first = await growArchive(file);
    const waits = Promise.withResolvers<"waits">();
    const opening = growArchive(file, { onWait: () => waits.resolve("waits") });
    expect(await Promise.race([waits.promise, opening.then(() => "is in")])).toBe("waits");
    await add(first, "one");
    await first.commit();
    await first.release();
    const second = await opening;
    await add(second, "two");
    await second.commit();
    await second.release();
    expect(await readdir(home)).toEqual(["x.tar"]);
    const layout = await openArchive(file, join(home, "unpacked"));
    expect(await listAll(createLayoutStore({ directory: layout }).listTags())).toEqual(["one", "two"]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
