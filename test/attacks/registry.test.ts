/** What whoever holds the registry can try, against the command line. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createScene,
  expectRefusal,
  fileNameOf,
  latestLayers,
  repo,
  rewriteLatest,
  type Layer,
  type Scene,
} from "./scene.ts";

let scene: Scene;

beforeEach(async () => {
  scene = await createScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const pull = ["pull-metadata", repo];

function latest(): string {
  return scene.registry.repository(repo).tags.get("latest") ?? "";
}

function moveLatest(digest: string): void {
  scene.registry.repository(repo).tags.set("latest", digest);
}

/** What another repository published, as it stands here under digests. */
async function mixIn(sim: TufSimulator): Promise<string> {
  await scene.publish("fred/other", sim);
  const [other, own] = [scene.registry.repository("fred/other"), scene.registry.repository(repo)];
  for (const [digest, bytes] of other.blobs) own.blobs.set(digest, bytes);
  for (const [digest, stored] of other.manifests) own.manifests.set(digest, stored);
  return other.tags.get("latest") ?? "";
}

/** Another repository of the same owner, who uses the same keys for it. */
async function createSibling(): Promise<TufSimulator> {
  const sibling = await createTufSimulator();
  sibling.root.keys = scene.sim.root.keys;
  sibling.root.roles = scene.sim.root.roles;
  for (const [role, signers] of scene.sim.signers) sibling.signers.set(role, signers);
  sibling.addTarget("other.txt", Buffer.from("of the other repository"));
  await sibling.publishRelease();
  return sibling;
}

describe("a registry that replays a whole old state", () => {
  test("is refused by who has seen the new one, and once it has expired by everybody [T41]", async () => {
    const old = latest();
    await scene.sim.publishRelease();
    await scene.publish();
    await scene.pull();
    moveLatest(old);
    await expectRefusal(scene, pull, { status: 6, code: "TUF_ROLLBACK" });
    scene.clock.advance({ days: 60 });
    await expectRefusal(scene, pull, { status: 7, code: "TUF_EXPIRED" });
  });

  test("to who has seen nothing is refused once the timestamp has expired, and only the pin is kept [T41]", async () => {
    scene.clock.advance({ days: 60 });
    await writeFile(join(scene.machine.directory, "root.json"), scene.sim.files.get("1.root.json") ?? "");
    await scene.machine.must(["pin", "fred/demo", "root.json"]);
    await expectRefusal(scene, [...pull, "root.json"], { status: 7, code: "TUF_EXPIRED" });
  });
});

describe("a registry that moves `latest` to another repository's release", () => {
  test("of strangers is refused", async () => {
    await scene.pull();
    const stranger = await createTufSimulator();
    for (let release = 0; release < 5; release++) await stranger.publishRelease();
    moveLatest(await mixIn(stranger));
    await expectRefusal(scene, pull, { status: 6, code: "TUF_THRESHOLD_NOT_MET" });
  });

  test("of the same owner with the same keys is refused where its versions are older [T28]", async () => {
    await scene.sim.publishRelease();
    await scene.publish();
    await scene.pull();
    moveLatest(await mixIn(await createSibling()));
    await expectRefusal(scene, pull, { status: 6, code: "TUF_ROLLBACK" });
  });

  test("mixes nothing of it with this one's under the same keys [T28]", async () => {
    await scene.pull();
    const sibling = await createSibling();
    await scene.sim.publishRelease();
    await scene.publish();
    await mixIn(sibling);
    const isSnapshot = (layer: Layer): boolean => fileNameOf(layer).endsWith(".snapshot.json");
    const foreign = latestLayers(scene.registry, "fred/other").find(isSnapshot);
    if (foreign === undefined) throw new TypeError("no snapshot");
    // Our timestamp; the other repository's snapshot under the name of ours.
    rewriteLatest(scene.registry, (layers) =>
      layers.map((layer) => (isSnapshot(layer) ? { ...foreign, annotations: layer.annotations } : layer)),
    );
    const before = await offlineVersions();
    const ran = await scene.machine.run(pull);
    expect(ran).toMatchObject({ status: 6, stdout: "" });
    expect(ran.stderr).toMatch(/TUF_(?:HASH|LENGTH)_MISMATCH/);
    expect(await offlineVersions()).toEqual(before);
  });
});

/** What the machine answers from without asking anybody: nothing of a broken refresh. */
async function offlineVersions(): Promise<unknown> {
  const { stdout } = await scene.machine.must([...pull, "--offline", "--json"]);
  return (JSON.parse(stdout) as { versions: unknown }).versions;
}

describe("a manifest that lies", () => {
  beforeEach(async () => {
    await scene.pull();
    await scene.sim.publishRelease();
    await scene.publish();
  });

  test("about which file is which is refused", async () => {
    rewriteLatest(scene.registry, (layers) =>
      layers.map((layer) => {
        const other = fileNameOf(layer) === "3.targets.json" ? "3.snapshot.json" : "3.targets.json";
        return fileNameOf(layer).startsWith("3.") ? { ...layer, annotations: { "tuf.io/filename": other } } : layer;
      }),
    );
    const before = await offlineVersions();
    const ran = await scene.machine.run(pull);
    expect(ran).toMatchObject({ status: 6, stdout: "" });
    expect(ran.stderr).toMatch(/TUF_(?:HASH|LENGTH)_MISMATCH/);
    expect(await offlineVersions()).toEqual(before);
  });

  test("with inlined data that is not the digest's is refused", async () => {
    rewriteLatest(scene.registry, (layers) =>
      layers.map((layer) => ({ ...layer, data: Buffer.alloc(layer.size, " ").toString("base64") })),
    );
    await expectRefusal(scene, pull, { status: 6, code: "OCI_DIGEST_MISMATCH" });
  });

  test("about a size is held to the role's bound before a byte is asked for [T69]", async () => {
    rewriteLatest(scene.registry, (layers) =>
      layers.map(({ data: _data, ...layer }) =>
        fileNameOf(layer) === "timestamp.json" ? { ...layer, size: 2 ** 40 } : layer,
      ),
    );
    scene.registry.clearLog();
    await expectRefusal(scene, pull, { status: 6, code: "OCI_LIMIT_EXCEEDED" });
    expect(scene.registry.requests.filter(({ path }) => path.includes("/blobs/"))).toEqual([]);
  });

  test("and never ends is left at its bound [T69]", async () => {
    const body = Buffer.alloc(9 * 1024 * 1024, " ");
    const change = { kind: "change", body, headers: { "content-length": null } } as const;
    scene.registry.script({ match: { method: "GET", path: /manifests\/latest/ }, fault: change });
    await expectRefusal(scene, pull, { status: 6, code: "OCI_LIMIT_EXCEEDED" });
  });
});

describe("a HEAD that lies", () => {
  const head = { method: "HEAD", path: /manifests\/latest/ };

  test("that there is nothing new holds a client no longer than half the timestamp's life", async () => {
    await scene.pull();
    const seen = latest();
    await scene.sim.publishRelease();
    await scene.publish();
    scene.registry.script({ match: head, fault: { kind: "change", headers: { "docker-content-digest": seen } } });
    const versions = async (): Promise<unknown> =>
      (JSON.parse((await scene.machine.must([...pull, "--json"])).stdout) as { versions: unknown }).versions;
    expect(await versions()).toMatchObject({ timestamp: 2 });
    scene.clock.advance({ days: 20 });
    expect(await versions()).toMatchObject({ timestamp: 3 });
  });

  test("that there is something new, or nothing at all, changes nothing", async () => {
    await scene.pull();
    const digest = `sha256:${"ab".repeat(32)}`;
    for (const fault of [
      { kind: "change", headers: { "docker-content-digest": digest } },
      { kind: "answer", status: 404 },
    ] as const) {
      const rule = scene.registry.script({ match: head, fault });
      expect(JSON.parse((await scene.machine.must([...pull, "--json"])).stdout)).toMatchObject({ status: "unchanged" });
      expect(rule.harmed).toBe(1);
      rule.remove();
    }
  });
});

describe("a newer root", () => {
  /** Too large to be inlined, so that it is a request of its own. The timestamp's key is a new one. */
  beforeEach(async () => {
    await scene.pull();
    scene.sim.rotateKeys("timestamp");
    scene.sim.root.version = 2;
    scene.sim.root.unrecognized = { "x-padding": "x".repeat(5000) };
    await scene.sim.publishRoot();
    await scene.sim.publishRelease();
    await scene.publish();
  });

  test.each([
    [401, 13, "OCI_UNAUTHORIZED"],
    [403, 13, "OCI_FORBIDDEN"],
    [400, 5, "OCI_STATUS"],
    [404, 6, "TUF_THRESHOLD_NOT_MET"],
  ])("that is answered with %i does not leave the client on the old one in silence [T32]", async (...row) => {
    const [answered, status, code] = row;
    scene.registry.script({ match: { path: /\/blobs\// }, fault: { kind: "answer", status: answered } });
    await expectRefusal(scene, pull, { status, code });
    scene.registry.clearScript();
    await scene.machine.must(pull);
    expect(await offlineVersions()).toMatchObject({ root: 2, timestamp: 3 });
  });

  test("that the manifest leaves out is missed: what it rotated in does not verify", async () => {
    rewriteLatest(scene.registry, (layers) => layers.filter((layer) => fileNameOf(layer) !== "2.root.json"));
    await expectRefusal(scene, pull, { status: 6, code: "TUF_THRESHOLD_NOT_MET" });
  });
});

describe("targets", () => {
  test("with hostile names are listed as they are, and pulled into a directory only under a name of their own", async () => {
    const { sim, machine } = scene;
    const hostile = [
      "../up",
      "/etc/passwd",
      "dir/..",
      "dir/",
      "https://evil.example/x",
      "__proto__",
      "C:\\x",
      "a\u0007b",
    ];
    const long = `${"x".repeat(4000)}/${"y".repeat(90)}`;
    for (const name of [...hostile, long, "toolong/".concat("z".repeat(300))]) sim.addTarget(name, Buffer.from(name));
    await sim.publishRelease();
    await scene.publish();
    await scene.pull();
    const listed = JSON.parse((await machine.must(["list-copy-targets", repo, "--json"])).stdout) as unknown;
    expect(listed).toMatchObject({ targets: expect.arrayContaining([...hostile, long]) as unknown });
    await mkdir(join(machine.directory, "out"));
    for (const name of ["dir/..", "dir/", "C:\\x", "a\u0007b", "toolong/".concat("z".repeat(300))]) {
      const ran = await machine.run(["pull-target", repo, name, "--output", "out"]);
      expect(ran).toMatchObject({ status: 2, stdout: "" });
    }
    expect(await readdir(join(machine.directory, "out"))).toEqual([]);
    const fine = ["../up", "/etc/passwd", "https://evil.example/x", "__proto__", long];
    await machine.must(["pull-target", repo, ...fine, "--output", "out"]);
    const written = await readdir(join(machine.directory, "out"));
    expect(written.toSorted()).toEqual(["__proto__", "passwd", "up", "x", "y".repeat(90)]);
    expect((await readdir(machine.directory)).toSorted()).toEqual(["dtuf_repos", "out", "root.json"]);
  });

  test.each([
    ["by directory", "one/same", "two/same"],
    ["by case", "Readme", "README"],
    ["as NFC and NFD", "\u00e9", "e\u0301"],
  ])("that differ only %s never overwrite one another: nothing is written", async (_how, one, other) => {
    const { sim, machine } = scene;
    sim.addTarget(one, Buffer.from("one"));
    sim.addTarget(other, Buffer.from("other"));
    await sim.publishRelease();
    await scene.publish();
    await scene.pull();
    await mkdir(join(machine.directory, "out"));
    const ran = await machine.run(["pull-target", repo, one, other, "--output", "out"]);
    expect(ran).toMatchObject({ status: 2, stdout: "" });
    expect(await readdir(join(machine.directory, "out"))).toEqual([]);
    expect((await machine.must(["pull-target", repo, one])).stdout).toBe("one");
    expect((await machine.must(["pull-target", repo, other])).stdout).toBe("other");
  });

  test("of which the blob goes on and on, or is another's, write nothing and print nothing [T82]", async () => {
    await scene.pull();
    const { machine, registry } = scene;
    const blob = /\/blobs\//;
    for (const body of [Buffer.alloc(4 * 1024 * 1024, "as published"), Buffer.from("As published")]) {
      registry.clearScript();
      const headers = { "content-length": null };
      registry.script({ match: { path: blob }, fault: { kind: "change", body, headers } });
      for (const output of [[], ["--output", "file"]]) {
        const ran = await machine.run(["pull-target", repo, "a.txt", ...output]);
        expect(ran).toMatchObject({ status: 6, stdout: "" });
      }
    }
    expect((await readdir(machine.directory)).toSorted()).toEqual(["dtuf_repos", "root.json"]);
  });
});

describe("one state, several processes", () => {
  test("refresh at once and all succeed", async () => {
    await scene.pull();
    await scene.sim.publishRelease();
    await scene.publish();
    const ran = await Promise.all(Array.from({ length: 4 }, () => scene.machine.run(pull)));
    expect(ran.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(await offlineVersions()).toMatchObject({ timestamp: 3 });
  });

  test("of which one is killed while it holds the lock: the next one goes on", async () => {
    await scene.pull();
    const lock = join(scene.machine.directory, "dtuf_repos", repo, "copy", "lock");
    const holder = `
      import { withLock } from ${JSON.stringify(import.meta.resolve("@dtuf/registry/files"))};
      await withLock(process.argv[1], { wait: "fail" }, async () => {
        console.log("held");
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      });`;
    const node = ["--conditions=@dtuf/source", "--input-type=module", "-e", holder, lock];
    const child = spawn(process.execPath, node, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    const waiting = scene.machine.run(pull);
    // Readers wait for nobody.
    await scene.machine.must([...pull, "--offline"]);
    child.kill("SIGKILL");
    expect(await waiting).toMatchObject({ status: 0 });
  });
});

test("a clock that goes back is told as such, not as expiry, and nothing is asked", async () => {
  await scene.pull();
  scene.clock.advance({ days: -3 });
  scene.registry.clearLog();
  await expectRefusal(scene, pull, { status: 1, code: "COPY_CLOCK_SUSPECT" });
  expect(scene.registry.requests).toEqual([]);
});
