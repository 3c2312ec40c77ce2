/**
 * docs/runbooks: each page's commands, one after the other, after its incident was made. Then a client that was installed
 * before it and one that is installed now must find the same files.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { root } from "../structure/sources.ts";
import { readPage } from "./pages.ts";
import { createTypist, linesOf, type Typist } from "./typist.ts";

const folder = join(root, "docs/runbooks");
const pages = (await readdir(folder)).filter((name) => name !== "README.md");
const directory = useDirectory();
let now: Date;
let typist: Typist;

beforeEach(() => {
  now = new Date("2030-01-01T00:00:00Z");
  typist = createTypist(directory, { DTUF_HOST: `oci:${join(directory, "registry")}` });
  typist.now = () => now;
});

const at = (...names: readonly string[]): string => join(directory, ...names);

async function must(person: string, ...lines: readonly string[]): Promise<string> {
  let stdout = "";
  for (const line of lines) stdout = await typist.must(person, line);
  return stdout;
}

const days = (count: number): void => void (now = new Date(now.getTime() + count * 86_400_000));

/** A repository of one machine with one file, and a client that has it. */
async function found(repo = "fred/demo"): Promise<void> {
  await mkdir(at("ops"), { recursive: true });
  for (const version of [1, 2]) await writeFile(at("ops", `app-${version}.txt`), `app ${version}`);
  await must("ops", `dtuf init ${repo} --output root.json`, `dtuf publish ${repo} app-1.txt`);
  await install("client", repo);
}

async function install(client: string, repo: string): Promise<void> {
  await must("ops", `cp root.json ../${client}/`);
  await must(client, `dtuf pin ${repo} root.json`, `dtuf pull ${repo}`);
}

/** Three people hold root and targets, two of them sign. `ops` has the online keys. */
async function foundTeam(): Promise<void> {
  const repo = "fred/team";
  await found(repo);
  const firstKeys = await keysOf(repo);
  const people = ["alice", "bob", "carol"];
  for (const person of people) await must(person, `dtuf create-key ${person}`, `cp ${person}.pub ../ops/`);
  for (const role of ["root", "targets"]) {
    for (const person of people) await must("ops", `dtuf add-key ${repo} ${role} ${person}.pub --owner ${person}`);
    await must("ops", `dtuf remove-key ${repo} ${role} ${firstKeys.get(role)}`, `dtuf set-threshold ${repo} ${role} 2`);
  }
  await must("ops", `dtuf propose ${repo} people`);
  for (const person of people) {
    await must("ops", `cp root.json ../${person}/`);
    await must(person, `dtuf adopt-metadata ${repo} root.json`);
    if (person !== "carol") await must(person, `dtuf sign ${repo} --proposal people --expect-hash HASH --yes`);
  }
  await must("ops", `dtuf accept ${repo} people`);
  for (const person of people) await must(person, `dtuf review ${repo} people`);
  for (const role of ["root", "targets"]) await rm(keyFile(repo, role));
  for (const role of ["snapshot", "timestamp"]) {
    typist.words.set(`OLD-${role.toUpperCase()}`, (await keysOf(repo)).get(role) ?? "");
  }
}

/** The first key of each role. */
async function keysOf(repo: string): Promise<ReadonlyMap<string, string>> {
  const listed = JSON.parse(await must("ops", `dtuf list-keys ${repo} --json`)) as {
    readonly roles: readonly { readonly role: string; readonly keys: readonly { readonly keyId: string }[] }[];
  };
  return new Map(listed.roles.map(({ role, keys }) => [role, keys[0]?.keyId ?? ""]));
}

const keyFile = (repo: string, role: string): string =>
  at("ops", "dtuf_repos", ...repo.split("/"), "master", "keys", `${role}_key`);

/** The online keys of a team are with the thief, who renews what is published for ever. */
async function stealOfTeam(): Promise<void> {
  await rm(at("thief"), { recursive: true });
  await foundTeam();
  await steal();
  await must("thief", "dtuf refresh-metadata fred/team");
}

/** The stolen keys sign nothing any more. */
async function verifyThiefIsOut(): Promise<void> {
  expect(await typist.type("thief", "dtuf refresh-metadata fred/team")).toMatchObject({
    stderr: expect.stringContaining("MASTER_KEYS_MISSING"),
  });
}

/** The thief has what is on the machine of `ops`, as it was. */
async function steal(): Promise<void> {
  await cp(at("ops"), at("thief"), { recursive: true });
}

/** A release whose timestamp and snapshot have enormous versions, signed with the stolen keys. */
async function fastForward(repo: string): Promise<void> {
  await steal();
  const state = at("thief", "dtuf_repos", ...repo.split("/"), "master", "record.json");
  const record = JSON.parse(await readFile(state, "utf8")) as { signed: Record<string, number> };
  record.signed = { ...record.signed, timestamp: 2 ** 40, snapshot: 2 ** 40 };
  await writeFile(state, JSON.stringify(record));
  const isTeam = repo === "fred/team";
  await must("thief", `dtuf ${isTeam ? "refresh-metadata" : "push-metadata"} ${repo}`);
  await must("client", `dtuf pull ${repo}`);
}

interface Incident {
  readonly make: () => Promise<void>;
  /** Before the line that begins so. */
  readonly before?: Readonly<Record<string, () => Promise<void>>>;
  /** Repositories that clients must find intact at the end, and their files. */
  readonly after: Readonly<Record<string, readonly string[]>>;
}

const incidents: Readonly<Record<string, Incident>> = {
  "lost-key.md": {
    async make() {
      await found();
      for (const name of ["targets_key", "timestamp_key"]) {
        await rm(at("ops", "dtuf_repos", "fred", "demo", "master", "keys", name));
      }
    },
    before: {
      "ops$ dtuf adopt-metadata fred/team": async () => {
        await foundTeam();
        await rm(at("ops", "dtuf_repos", "fred", "team"), { recursive: true });
      },
      "dave$ dtuf create-key": () => rm(at("carol"), { recursive: true }),
    },
    after: { "fred/demo": ["app-1.txt"], "fred/team": ["app-1.txt"] },
  },
  "stolen-online-key.md": {
    async make() {
      await found();
      await steal();
      await writeFile(at("thief", "evil.txt"), "evil");
      await rm(at("thief", "dtuf_repos", "fred", "demo", "master", "keys", "root_key"));
      await must("thief", "dtuf publish fred/demo evil.txt");
      await must("client", "dtuf pull fred/demo");
    },
    before: {
      "ops$ dtuf create-metadata-keys fred/team": stealOfTeam,
      "client$ dtuf pull fred/team": verifyThiefIsOut,
    },
    after: { "fred/demo": ["app-1.txt"], "fred/team": ["app-1.txt"] },
  },
  "stolen-offline-key.md": {
    async make() {
      await foundTeam();
      await cp(at("carol"), at("thief"), { recursive: true });
      await writeFile(at("thief", "evil.txt"), "evil");
      await must("thief", "dtuf push-target fred/team evil.txt evil.txt", "dtuf propose fred/team evil");
      expect(await typist.type("ops", "dtuf accept fred/team evil")).toMatchObject({
        stderr: expect.stringContaining("MASTER_SIGNATURES_MISSING"),
      });
    },
    after: { "fred/team": ["app-1.txt"] },
  },
  "root-threshold-lost.md": {
    async make() {
      await found();
      const keys = at("ops", "dtuf_repos", "fred", "demo", "master", "keys");
      await rm(join(keys, "root_key"));
      await rm(join(keys, "root_key.pub"));
    },
    after: { "fred/demo": ["app-1.txt"] },
  },
  "fast-forwarded.md": {
    async make() {
      await found();
      await fastForward("fred/demo");
    },
    before: {
      "ops$ dtuf propose fred/team online-keys": async () => {
        await rm(at("thief"), { recursive: true });
        await foundTeam();
        await fastForward("fred/team");
        typist.words.set("VERSION", "3");
      },
      "ops$ dtuf create-metadata-keys fred/team": async () => {
        const { stderr } = await typist.type("ops", "dtuf propose fred/team online-keys");
        expect(stderr).toMatch(/MASTER_VERSION_IMPLAUSIBLE[^]* add-key and remove-key, .*--expect-snapshot VERSION/);
      },
      "client$ dtuf pull fred/team": verifyThiefIsOut,
    },
    after: { "fred/demo": ["app-1.txt"], "fred/team": ["app-1.txt"] },
  },
  "registry-lost.md": {
    async make() {
      await found();
      await cp(at("registry"), at("backup"), { recursive: true });
      await must("ops", "dtuf publish fred/demo app-2.txt");
      await must("client", "dtuf pull fred/demo");
      await rm(at("registry"), { recursive: true });
      await cp(at("backup"), at("registry"), { recursive: true });
    },
    before: {
      "ops$ dtuf status fred/wiped": async () => {
        await found("fred/wiped");
        await must("ops", "dtuf publish fred/wiped app-2.txt");
        await must("client", "dtuf pull fred/wiped");
        await rm(at("registry", "fred", "wiped"), { recursive: true });
      },
    },
    after: { "fred/demo": ["app-1.txt", "app-2.txt"], "fred/wiped": ["app-1.txt", "app-2.txt"] },
  },
  "bad-release.md": {
    async make() {
      await found();
      await must("ops", "dtuf publish fred/demo app-2.txt");
      await must("client", "dtuf pull fred/demo");
    },
    after: { "fred/demo": ["app-1.txt"] },
  },
  "wrong-clock.md": {
    async make() {
      await found();
      days(30);
      await must("ops", "dtuf push-metadata fred/demo");
      days(-29);
    },
    before: {
      "ops$ dtuf push-metadata fred/demo # exit 0": async () => {
        days(20);
        expect((await typist.type("client", "dtuf pull fred/demo")).status).toBe(7);
      },
    },
    after: { "fred/demo": ["app-1.txt"] },
  },
  "team-changed.md": { make: foundTeam, after: { "fred/team": ["app-1.txt"] } },
};

test("every page of docs/runbooks is in its table, and is run here", async () => {
  const table = await readFile(join(folder, "README.md"), "utf8");
  expect(pages.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
    Object.keys(incidents).toSorted((a, b) => (a < b ? -1 : 1)),
  );
  expect(pages.filter((name) => !table.includes(`(${name})`))).toEqual([]);
});

/** The files of a repository, as a client verifies them. */
async function filesOf(client: string, repo: string): Promise<readonly string[]> {
  return (await must(client, `dtuf list-copy-targets ${repo}`)).split("\n").filter((name) => name !== "");
}

describe.each(Object.entries(incidents))("docs/runbooks/%s", (page, { make, before = {}, after }) => {
  test(
    "every command runs as it says, and old and new clients find what was published",
    { timeout: 120_000 },
    async () => {
      await make();
      const lines = linesOf(readPage(`docs/runbooks/${page}`).blocks.map(({ text }) => text));
      expect(lines.length).toBeGreaterThan(2);
      const done = new Set<string>();
      for (const { person, command, exit } of lines) {
        const shown = `${person}$ ${command}`;
        expect(command).toMatch(/^(?:dtuf|cp) /);
        const preparation = Object.keys(before).find(
          (start) => !done.has(start) && `${shown} # exit ${exit}`.startsWith(start),
        );
        if (preparation !== undefined) {
          done.add(preparation);
          await before[preparation]?.();
        }
        const { status, stderr } = await typist.type(person, command);
        expect([shown, status, status === exit ? "" : stderr]).toEqual([shown, exit, ""]);
      }
      expect([...done]).toEqual(Object.keys(before));
      for (const [repo, files] of Object.entries(after)) {
        expect(await filesOf("client", repo)).toEqual(files);
        await must("ops", `dtuf get-root ${repo} --output shipped.json`, "cp shipped.json ../newcomer/");
        await must("newcomer", `dtuf pin ${repo} shipped.json`, `dtuf pull ${repo}`);
        expect(await filesOf("newcomer", repo)).toEqual(files);
      }
    },
  );
});
