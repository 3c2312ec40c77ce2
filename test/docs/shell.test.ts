/** Every line of shell of a page, one after the other. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHostileRegistry } from "@dtuf/testing";
import { expect, test } from "vitest";
import { findReason } from "./not-run.ts";
import { readPage } from "./pages.ts";
import { scenes } from "./scenes/all.ts";
import { publisher } from "./scenes/scene.ts";
import { createTypist, linesOf } from "./typist.ts";

async function createDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "dtuf-page-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

// At the same time, because most of it is waiting for the disk.
test.concurrent.each(scenes)(
  "every line of $page runs, and its story ends well",
  { timeout: 120_000 },
  async (scene) => {
    await using directory = await createDirectory();
    await using registry = await createHostileRegistry();
    const host =
      scene.host === "registry" ? { DTUF_HOST: registry.host, DTUF_INSECURE: "1" } : { DTUF_HOST: "oci:../registry" };
    const typist = createTypist(directory.path, { ...host, ...scene.environment });
    for (const [word, value] of Object.entries(scene.words ?? {})) typist.words.set(word, value);
    await scene.prepare(typist);
    const shell = readPage(scene.page).blocks.filter(({ language }) => language === "sh");
    const lines = linesOf(shell.map(({ text }) => text)).filter(({ command }) => findReason(command) === undefined);
    expect(lines.length).toBeGreaterThan(0);
    const before = Object.entries(scene.before ?? {});
    const done = new Set<string>();
    let typing = publisher;
    for (const { person, command, exit } of lines) {
      for (const [start, prepare] of before.filter(([each]) => !done.has(each) && command.startsWith(each))) {
        done.add(start);
        typing = (await prepare(typist)) ?? typing;
      }
      const who = person === publisher ? typing : person;
      const { status, stderr } = await typist.type(who, command);
      expect([command, status, status === exit ? "" : stderr]).toEqual([command, exit, ""]);
    }
    expect([...done].toSorted()).toEqual(before.map(([start]) => start).toSorted());
    await scene.after(typist);
  },
);
