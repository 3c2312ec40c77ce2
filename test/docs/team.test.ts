/** The commands of docs/team.md, each in the directory of the person who runs it, against Debian's registry. */
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { main } from "dtuf";
import { fetchDebianRegistry, startRegistry, type RunningRegistry } from "@dtuf/testing/machines/debian-registry";
import { createTestIo } from "@dtuf/testing/test-io";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheDirectory } from "../setup/registries.ts";

let directory: string;
let registry: RunningRegistry;

beforeAll(async () => {
  const binary = await fetchDebianRegistry({ cacheDirectory: join(cacheDirectory(), "debian") });
  directory = await mkdtemp(join(tmpdir(), "dtuf-docs-team-"));
  registry = await startRegistry({ binary, dataDirectory: join(directory, "data") });
});
afterAll(async () => {
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

const page = await readFile(new URL("../../docs/team.md", import.meta.url), "utf8");
const lines = [...page.matchAll(/^ {4}([a-z]+)\$ (.+)$/gm)].map(([, person = "", command = ""]) => ({
  person,
  command,
}));

async function run(person: string, words: readonly string[]): Promise<string> {
  const cwd = join(directory, person);
  await mkdir(cwd, { recursive: true });
  const [program = "", ...argv] = words;
  if (program === "cp") {
    const [from = "", to = ""] = argv;
    await mkdir(join(cwd, to, ".."), { recursive: true });
    if (to.endsWith("/")) await mkdir(join(cwd, to), { recursive: true });
    await copyFile(join(cwd, from), to.endsWith("/") ? join(cwd, to, basename(from)) : join(cwd, to));
    return "";
  }
  const passwords = ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, ""]);
  const env = {
    ...Object.fromEntries(passwords),
    ...{ DTUF_HOST: registry.host, DTUF_INSECURE: "1", DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" },
  };
  const world = createTestIo({ argv, cwd, env, now: () => new Date() });
  const status = await main("dtuf", world.io);
  if (status !== 0) throw new Error(`${person}$ ${words.join(" ")}: ${status}\n${world.stderr()}`);
  return world.stdout();
}

/** The id of the key of a role that has no owner. */
async function founder(role: string): Promise<string> {
  const listed = JSON.parse(await run("ci", ["dtuf", "list-keys", "fred/demo", "--json"])) as {
    readonly roles: readonly { role: string; keys: readonly { keyId: string; owner?: string }[] }[];
  };
  const keys = listed.roles.find((each) => each.role === role)?.keys ?? [];
  return keys.find(({ owner }) => owner === undefined)?.keyId ?? "";
}

test("every line of docs/team.md runs, and a client finds what the team and the delegate published", async () => {
  expect(lines.length).toBeGreaterThan(50);
  let hash = "";
  for (const { person, command } of lines) {
    const words = command.split(" ").map((word) => word.replaceAll("'", ""));
    const named = await Promise.all(
      words.map(async (word) => {
        if (word === "HASH") return hash;
        return /^FOUNDER-/.test(word) ? founder(word.slice("FOUNDER-".length).toLowerCase()) : word;
      }),
    );
    const stdout = await run(person, named);
    hash = /^hash: ([0-9a-f]{64})$/m.exec(stdout)?.[1] ?? hash;
  }
  const client = ["--repositories-root", "client"];
  await run("ci", ["dtuf", "pull-metadata", "fred/demo", "root.json", ...client]);
  for (const [target = "", file = ""] of [
    ["app-1.0.txt", "carol/carol.pub"],
    ["tools/hammer", "dora/dora.pub"],
  ]) {
    const pulled = await run("ci", ["dtuf", "pull-target", "fred/demo", target, ...client]);
    expect(pulled).toBe(await readFile(join(directory, file), "utf8"));
  }
});
