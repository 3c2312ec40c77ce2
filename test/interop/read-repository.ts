/** Everything in a plain TUF repository, through @dtuf/copy: each target listed, found, saved and hashed. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCopy, type Source } from "@dtuf/copy";

export interface ReadOptions {
  readonly root: Uint8Array;
  readonly now: Date;
}

/** @returns the SHA-256 of each target by its path, in the order of paths */
export async function readRepository(source: Source, { root, now }: ReadOptions): Promise<ReadonlyMap<string, string>> {
  const home = await mkdtemp(join(tmpdir(), "read-repository-"));
  try {
    const copy = createCopy({ source, place: "peer", directory: join(home, "copy"), now: () => now });
    await copy.pullMetadata({ pin: { kind: "root", bytes: root } });
    const read: [string, string][] = [];
    for await (const path of copy.listTargets()) {
      const target = await copy.findTarget(path);
      if (target === undefined) throw new TypeError(`${path} is listed but not found`);
      const file = join(home, "saved");
      await copy.saveTarget(target, file);
      read.push([
        path,
        createHash("sha256")
          .update(await readFile(file))
          .digest("hex"),
      ]);
    }
    return new Map(read.toSorted(([one], [other]) => (one < other ? -1 : 1)));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
