/** The commands of docs/team.md, each in the directory of the person who runs it, against Debian's registry. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fetchDebianRegistry, startRegistry, type RunningRegistry } from "@dtuf/testing/machines/debian-registry";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheDirectory } from "../setup/registries.ts";
import { readPage } from "./pages.ts";
import { createTypist, linesOf, type Typist } from "./typist.ts";

const directory = useDirectory("all tests");
let registry: RunningRegistry;

beforeAll(async () => {
  const binary = await fetchDebianRegistry({ cacheDirectory: join(cacheDirectory(), "debian") });
  registry = await startRegistry({ binary, dataDirectory: join(directory, "data") });
});
afterAll(() => registry.stop());

const lines = linesOf(readPage("docs/team.md").blocks.map(({ text }) => text));

/** The id of the key of a role that has no owner. */
async function founder(typist: Typist, role: string): Promise<string> {
  const listed = JSON.parse(await typist.must("ci", "dtuf list-keys fred/demo --json")) as {
    readonly roles: readonly { role: string; keys: readonly { keyId: string; owner?: string }[] }[];
  };
  const keys = listed.roles.find((each) => each.role === role)?.keys ?? [];
  return keys.find(({ owner }) => owner === undefined)?.keyId ?? "";
}

test("every line of docs/team.md runs, and a client finds what the team and the delegate published", async () => {
  expect(lines.length).toBeGreaterThan(50);
  const typist = createTypist(directory, { DTUF_HOST: registry.host, DTUF_INSECURE: "1" });
  for (const { person, command } of lines) {
    for (const [word = "", role = ""] of command.matchAll(/FOUNDER-([A-Z]+)/g)) {
      typist.words.set(word, await founder(typist, role.toLowerCase()));
    }
    await typist.must(person, command);
  }
  const client = "--repositories-root client";
  await typist.must("ci", `dtuf pull-metadata fred/demo root.json ${client}`);
  for (const [target = "", file = ""] of [
    ["app-1.0.txt", "carol/carol.pub"],
    ["tools/hammer", "dora/dora.pub"],
  ]) {
    const pulled = await typist.must("ci", `dtuf pull-target fred/demo ${target} ${client}`);
    expect(pulled).toBe(await readFile(join(directory, file), "utf8"));
  }
});
