/** What is published of the project itself is what was built: nothing beside the list of sums, and nothing that changed meanwhile. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, expect, test } from "vitest";
import { writeProvenance } from "../../release/provenance.ts";
import { releaseSelf } from "../../release/self.ts";

const directory = useDirectory();
beforeEach(async () => {
  for (const name of ["dtuf-1.0.0.tgz", "dtuf-linux-x64"]) await writeFile(join(directory, name), name);
  await writeProvenance(directory);
});

async function release(run: (word: string) => Promise<void> = async () => undefined): Promise<readonly string[]> {
  const called: string[] = [];
  const dtuf = async ([word = ""]: readonly string[]): Promise<void> => {
    called.push(word);
    await run(word);
  };
  await expect(releaseSelf({ repository: "fred/dtuf", directory, more: [], dtuf })).rejects.toThrow(/build it again$/);
  return called;
}

test("an executable that is not in the list of sums is not released", async () => {
  await writeFile(join(directory, "dtuf-win-x64.exe"), "planted");
  expect(await release()).toEqual([]);
});

test("files that change while they are uploaded are not published", async () => {
  const change = (word: string): Promise<void> => writeFile(join(directory, "dtuf-linux-x64"), word);
  expect(await release(change)).toEqual(["push-targets", "release"]);
});
