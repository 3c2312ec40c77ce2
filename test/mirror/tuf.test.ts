/** TUF repositories carried from place to place: verified as a client would, metadata untouched, switched last. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { createCopy, createStoreSource, type Copy, type Source } from "@dtuf/copy";
import { parseTag, type ReadStore } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createRegistryClient } from "@dtuf/registry/remote";
import { listAll, bytesOf } from "@dtuf/testing/oci-content";
import { publishToDirectory, serveDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { binName, parseTargetPath } from "@dtuf/tuf";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { createMachine, publishDemo, registryEnvironment } from "../cli/machine.ts";
import { registryOf, uniqueRepository } from "../setup/registries.ts";
import { useMachine } from "../cli/use-machine.ts";

const fixture = join(import.meta.dirname, "../interop/data/docker-tuf/test-repo");
const latest = parseTag("latest");
const machine = useMachine();
let copies = 0;

const layout = (name: string): ReadStore => createLayoutStore({ directory: join(machine.directory, name) });

function client(source: Source): Copy {
  copies += 1;
  return createCopy({ source, place: "x", directory: join(machine.directory, `copy-${copies}`), now: machine.now });
}

/** Everything that a client pulls from there, by name. */
async function pullAll(source: Source, root: Uint8Array): Promise<Map<string, Buffer>> {
  const copy = client(source);
  await copy.pullMetadata({ pin: { kind: "root", bytes: root } });
  const targets = new Map<string, Buffer>();
  for await (const path of copy.listTargets()) {
    const target = await copy.findTarget(path);
    if (target === undefined) throw new TypeError(`${path} was not found`);
    targets.set(path, await bytesOf(await copy.openTarget(target)));
  }
  return targets;
}

describe("Docker's own repository, from a plain directory", () => {
  const source = pathToFileURL(join(fixture, "metadata")).href;
  const tuf = ["--tuf", join(fixture, "metadata/1.root.json"), source];
  const root = (): Promise<Buffer> => readFile(join(fixture, "metadata/1.root.json"));

  beforeEach(() => {
    machine.now = () => new Date("2025-01-01T00:00:00Z");
  });

  test("into dtuf's format, byte for byte, and a second run finds nothing to do", async () => {
    const ran = await machine.must(["sync", ...tuf, "oci:mirror"]);
    expect(ran.stdout).toMatch(/^copied; valid until \d{4}-\d\d-\d\d \d\d:\d\d UTC \(in \d+ days\) \([a-z]+\)$/m);
    const pulled = await pullAll(createStoreSource(layout("mirror")), await root());
    expect(pulled.size).toBe(11);
    const store = layout("mirror");
    const copy = client(createStoreSource(store));
    await copy.pullMetadata({ pin: { kind: "root", bytes: await root() } });
    for (const { role, version, bytes } of await copy.trustedFiles()) {
      const name = role === "timestamp" ? "timestamp.json" : `${version}.${role}.json`;
      expect(Buffer.from(bytes)).toEqual(await readFile(join(fixture, "metadata", name)));
    }
    expect((await machine.must(["sync", ...tuf, "oci:mirror"])).stdout).toMatch(/^unchanged; /);
  });

  test("into Docker's layout, which is read with the names that Docker's tool gives", async () => {
    const docker = uniqueRepository("docker");
    await machine.must(["sync", "--layout", "docker", ...tuf, "oci:mirror"]);
    const there = `docker://${registryOf("plain").host}/${docker}`;
    await machine.must(["sync", "--layout", "docker", "--dest-tls-verify=false", ...tuf, there]);
    const targets = createLayoutStore({ directory: join(machine.directory, "mirror/targets") });
    const pulled = await pullAll(createStoreSource(layout("mirror/metadata"), { targets }), await root());
    expect(pulled.size).toBe(11);
    // And by a client that is told of the metadata alone.
    const [name = "", bytes] = [...pulled][0] ?? [];
    await machine.must(["pull-metadata", "oci:mirror/metadata", "-"], await root());
    const own = await machine.must(["pull-target", "oci:mirror/metadata", name]);
    expect(own.bytes).toEqual(Buffer.from(bytes ?? ""));
    for (const place of ["oci:mirror/metadata", `docker://${registryOf("plain").host}/${docker}/metadata`]) {
      await machine.must(["sync", ...tuf.slice(0, -1), "--src-tls-verify=false", place, "oci:back"]);
      expect((await pullAll(createStoreSource(layout("back")), await root())).size).toBe(11);
      await rm(join(machine.directory, "back"), { recursive: true });
    }
    const theirs = (await readdir(join(fixture, "../test-repo-oci/targets"))).filter((name) => !name.includes("json"));
    expect((await listAll(targets.listTags())).toSorted()).toEqual(
      theirs.filter((name) => !/^(blobs|oci-layout|index)/.test(name)).toSorted(),
    );
  });

  test.each(["oci-archive:there", "oci-archive:new/"])(
    "into a directory, as if it were an archive: %s",
    async (place) => {
      await mkdir(join(machine.directory, "there"));
      for (const words of [
        ["sync", ...tuf, place],
        ["sync", "oci:there", place],
      ]) {
        const ran = await machine.run(words);
        expect(ran).toMatchObject({
          status: 2,
          stderr: expect.stringContaining("is a directory, and an archive is") as string,
        });
      }
      expect(await readdir(machine.directory)).not.toContain("new");
      expect(await readdir(join(machine.directory, "there"))).toEqual([]);
    },
  );

  test("of what has expired nothing is written", async () => {
    machine.now = () => new Date("2099-01-01T00:00:00Z");
    expect((await machine.run(["sync", ...tuf, "oci:mirror"])).status).toBe(7);
    expect(await readdir(machine.directory)).not.toContain("mirror");
  });
});

describe("a repository with delegated roles and hash bins, over HTTP", () => {
  let sim: TufSimulator;
  let root: string;
  const large = randomBytes(300_000);

  beforeEach(async () => {
    sim = await createTufSimulator();
    machine.now = () => new Date("2030-01-02T00:00:00Z");
    sim.addTarget("a.txt", Buffer.from("hello"));
    sim.addTarget("copy of a.txt", Buffer.from("hello"));
    sim.addTarget("dir/large.bin", large);
    sim.addTarget("empty", new Uint8Array());
    sim.addDelegation("targets", { name: "team/a", paths: ["team/*"] });
    sim.addTarget("team/b c?#.txt", Buffer.from("delegated"), { role: "team/a" });
    await sim.publishRelease();
    root = join(machine.directory, "root.json");
    await writeFile(root, sim.files.get("1.root.json") ?? "");
  });

  async function serve(): Promise<AsyncDisposable & { readonly url: string }> {
    const directory = join(machine.directory, `plain-${sim.timestamp.version}`);
    await publishToDirectory(sim, directory);
    const server = await serveDirectory(directory);
    return { url: `${server.origin}/metadata/`, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }

  test("into a registry, once and again, sending what is new", async () => {
    const { host } = registryOf("plain");
    const repository = uniqueRepository("tuf");
    const words = ["sync", "--json", "--dest-tls-verify=false", "--tuf", root];
    await using first = await serve();
    await machine.must([...words, first.url, `docker://${host}/${repository}`]);
    sim.addTarget("new.txt", Buffer.from("new"));
    sim.rotateKeys("timestamp");
    sim.root.version += 1;
    await sim.publishRoot();
    await sim.publishRelease();
    await using second = await serve();
    const ran = await machine.must([...words, second.url, `docker://${host}/${repository}`]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ status: "copied", transferred: { sentBlobs: 1, sentBytes: 3 } });
    const time = { now: () => new Date(), random: Math.random };
    const registry = createRegistryClient({ registry: host, scheme: "http", transport: time, ...time });
    const pulled = await pullAll(createStoreSource(registry.repository(repository)), await readFile(root));
    expect(Object.fromEntries(pulled)).toEqual(
      Object.fromEntries([...sim.targetFiles].map(([name, bytes]) => [name, Buffer.from(bytes)])),
    );
    await registry.close();
  });

  test("a mirror that lies is passed over and named; alone it is refused, and the destination stays as it was", async () => {
    await using good = await serve();
    await machine.must(["sync", "--tuf", root, good.url, "oci:mirror"]);
    const before = await layout("mirror").resolve(latest, { want: "digest" });
    sim.addTarget("new.txt", Buffer.from("new"));
    await sim.publishRelease();
    const signed = Buffer.from(sim.files.get("timestamp.json") ?? []).toString();
    await using fresh = await serve();
    sim.files.set("timestamp.json", Buffer.from(signed.replace(/"version": ?\d+/, '"version": 9')));
    const lying = join(machine.directory, "lying");
    await publishToDirectory(sim, lying);
    const words = ["sync", "--tuf", root, pathToFileURL(join(lying, "metadata")).href];
    const alone = await machine.run([...words, "oci:mirror"]);
    expect(alone.status).toBe(6);
    expect(await layout("mirror").resolve(latest, { want: "digest" })).toEqual(before);
    const both = await machine.must([...words, "oci:mirror", "--mirror", fresh.url]);
    expect(both.stderr).toContain("passed over");
    expect(await layout("mirror").resolve(latest, { want: "digest" })).not.toEqual(before);
  });

  test("hash bins come along with all their targets", async () => {
    const [first = ""] = sim.addSuccinctRoles("targets", 3, "bin");
    const succinct = { bitLength: 3, namePrefix: "bin", keyIds: [], threshold: 1, unrecognized: {} };
    expect(first).toBe("bin-0");
    for (let each = 0; each < 20; each++) {
      const path = parseTargetPath(`many/${each}`);
      sim.addTarget(path, Buffer.from(`content ${each}`), { role: binName(succinct, path) });
    }
    await sim.publishRelease();
    await using server = await serve();
    await machine.must(["sync", "--tuf", root, server.url, "oci:mirror"]);
    const tags = await listAll(createLayoutStore({ directory: join(machine.directory, "mirror") }).listTags());
    expect(tags.filter((tag) => tag.includes(".bin-"))).toHaveLength(8);
    expect((await pullAll(createStoreSource(layout("mirror")), await readFile(root))).size).toBe(24);
  });

  test("a target whose signed list of blobs is none is named and left out, and hides no other", async () => {
    const names = [...sim.targetFiles.keys()];
    sim.addTarget("odd.txt", Buffer.from("odd"), { custom: { dtuf: { blobs: "none" } } });
    await sim.publishRelease();
    await using server = await serve();
    const ran = await machine.must(["sync", "--tuf", root, server.url, "oci:mirror"]);
    expect(ran.stderr).toContain(
      "left out the target odd.txt, which no client of a registry can use: custom.dtuf.blobs",
    );
    const copy = client(createStoreSource(layout("mirror")));
    await copy.pullMetadata({ pin: { kind: "root", bytes: await readFile(root) } });
    expect((await listAll(copy.listTargets())).toSorted()).toEqual([...names, "odd.txt"].toSorted());
    await expectRefused(copy.findTarget(parseTargetPath("odd.txt")), "FORMAT_TARGET_BLOBS_INVALID");
    for (const name of names) {
      const target = await copy.findTarget(parseTargetPath(name));
      expect(target && Buffer.concat(await listAll(await copy.openTarget(target)))).toEqual(
        Buffer.from(sim.targetFiles.get(name) ?? []),
      );
    }
  });

  test("another root than the repository's is refused", async () => {
    const other = await createTufSimulator();
    await other.publishRelease();
    await writeFile(root, other.files.get("1.root.json") ?? "");
    await using server = await serve();
    expect((await machine.run(["sync", "--tuf", root, server.url, "oci:mirror"])).status).toBe(6);
    expect(await layout("mirror").resolve(latest, { want: "digest" })).toBeUndefined();
  });
});

describe("export and import", () => {
  test("a repository crosses a gap in one file, targets of several blobs included", async () => {
    Object.assign(machine.environment, registryEnvironment(registryOf("token")));
    const repo = uniqueRepository("gap");
    await publishDemo(machine, repo, "Hello World\n");
    await writeFile(join(machine.directory, "more"), "more\n");
    await machine.must(["push-target", repo, "both", "demo.txt", "more"]);
    await machine.must(["push-metadata", repo]);
    await writeFile(join(machine.directory, "root.json"), (await machine.must(["get-root", repo])).bytes);

    const early = await machine.run(["export", repo, "gap.tar", "--tuf", "root.json", "--valid-days", "5"]);
    expect([early.status, early.stderr]).toEqual([
      7,
      expect.stringMatching(/timestamp expires.*\n.*hint: .*push-meta/),
    ]);
    const exported = await machine.must(["export", repo, "gap.tar", "--tuf", "root.json"]);
    expect(exported.stdout).toMatch(/^copied; valid until .*\(timestamp\)\n$/);

    await using inside = await createMachine({ DTUF_HOST: "oci:registry" });
    for (const name of ["gap.tar", "root.json"]) {
      await writeFile(join(inside.directory, name), await readFile(join(machine.directory, name)));
    }
    await inside.must(["import", "gap.tar", "fred/gap", "--tuf", "root.json"]);
    await inside.must(["pull-metadata", "fred/gap", "root.json"]);
    expect((await inside.must(["pull-target", "fred/gap", "both", "demo.txt"])).stdout).toBe(
      "Hello World\nmore\nHello World\n",
    );
    inside.now = () => new Date("2099-01-01T00:00:00Z");
    expect((await inside.run(["import", "gap.tar", "fred/late", "--tuf", "root.json"])).status).toBe(7);
  });

  test("without --tuf the root is the one that this machine has pinned, and the lifetimes of the hint pass --valid-days", async () => {
    machine.environment["DTUF_HOST"] = "oci:registry";
    const repo = "fred/demo";
    await publishDemo(machine, repo, "Hello World\n");
    await writeFile(join(machine.directory, "root.json"), (await machine.must(["get-root", repo])).bytes);
    const none = await machine.run(["export", repo, "a.tar"]);
    expect([none.status, none.stderr]).toEqual([2, expect.stringMatching(/no root of fred.demo[^]*hint: .*--tuf/)]);
    await machine.must(["pin", repo, "root.json"]);
    const early = await machine.run(["export", repo, "a.tar", "--valid-days", "14"]);
    const [, words = ""] = /dtuf (push-metadata .*)/.exec(early.stderr) ?? [];
    await machine.must(words.replace("<repo>", repo).split(" "));
    await machine.must(["export", repo, "a.tar", "--valid-days", "14"]);
    await machine.must(["import", "a.tar", repo]);

    const other = await createTufSimulator();
    await other.publishRelease();
    await writeFile(join(machine.directory, "root.json"), other.files.get("1.root.json") ?? "");
    await machine.must(["pin", repo, "root.json", "--replace"]);
    expect((await machine.run(["export", repo, "b.tar"])).status).toBe(6);
    expect(await readdir(machine.directory)).not.toContain("b.tar");
  });

  test("a file that was changed on the way is refused, and nothing is published", async () => {
    machine.environment["DTUF_HOST"] = "oci:registry";
    await publishDemo(machine, "fred/demo", "Hello World\n");
    await writeFile(join(machine.directory, "root.json"), (await machine.must(["get-root", "fred/demo"])).bytes);
    await machine.must(["export", "fred/demo", "a.tar", "--tuf", "root.json"]);
    const bytes = await readFile(join(machine.directory, "a.tar"));
    bytes.write("Hullo", bytes.indexOf("Hello World"));
    await writeFile(join(machine.directory, "a.tar"), bytes);
    const ran = await machine.run(["import", "a.tar", "fred/other", "--tuf", "root.json"]);
    expect([ran.status, ran.stderr]).toEqual([6, expect.stringContaining("MIRROR_ARCHIVE_INVALID")]);
    expect(await readdir(join(machine.directory, "registry/fred"))).toEqual(["demo"]);
  });
});
