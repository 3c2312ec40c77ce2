/** What sync asks a registry, and what it does when registries, disks and processes fail half way. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { digestHex, digestOf, manifestReadMaxBytes, parseManifest } from "@dtuf/registry";
import { failAtEachCall } from "@dtuf/testing/file-faults/file-trials";
import { randomContent } from "@dtuf/testing/oci-content";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { putImage, putMultiPlatform } from "./images.ts";
import type { Ran } from "../cli/machine.ts";
import { useTwoRegistries } from "./scene.ts";

const { machine, source, target, sync, must } = useTwoRegistries();

const repository = "fred/demo";
const from = (): string => `${source.registry.host}/${repository}`;
const toRegistry = (...more: string[]): Promise<Ran> =>
  must("--src", "docker", "--dest", "docker", ...more, from(), `${target.registry.host}/x`);

function asked({ registry }: RemoteRepository): readonly string[] {
  return registry.requests
    .filter(({ path }) => path !== "/v2/")
    .map(({ method, path }) => `${method} ${path.split("?", 1)[0]?.replace(/sha256:[0-9a-f]+/, "D") ?? ""}`);
}

test("a run with nothing to do costs one HEAD for each tag, at both ends, and the list of tags", async () => {
  for (const tag of ["1", "2", "3"]) await putImage(source.store, { tags: [tag] });
  await toRegistry();
  for (const { registry } of [source, target]) registry.clearLog();
  await toRegistry();
  const heads = (path: string): string[] => ["1", "2", "3"].map((tag) => `HEAD /v2/${path}/manifests/${tag}`);
  expect(asked(source).toSorted()).toEqual([`GET /v2/${repository}/tags/list`, ...heads(repository)]);
  expect(asked(target).toSorted()).toEqual(heads("x/demo"));
});

test("to a directory it is one HEAD for each tag", async () => {
  await putImage(source.store, { tags: ["1"] });
  const there = ["--src", "docker", "--dest", "dir", from(), "d"];
  await must(...there);
  source.registry.clearLog();
  await must(...there);
  expect(asked(source)).toEqual([`GET /v2/${repository}/tags/list`, `HEAD /v2/${repository}/manifests/1`]);
});

test("what was said about the host of DTUF_HOST is shown to no other registry", async () => {
  await using closed = await createRemoteRepository({ auth: { kind: "basic", users: { fred: "secret" } } });
  const { host } = closed.registry;
  const settings = { DTUF_USERNAME: "fred", DTUF_PASSWORD: "secret", DTUF_HEADER: "x-secret: s" };
  Object.assign(machine.environment, settings);
  const words = ["sync", "--src-tls-verify=false", `docker://${host}/${repository}`, "dir:d"];
  expect((await machine.run(words)).status).toBe(13);
  machine.environment["DTUF_HOST"] = "elsewhere.example";
  expect((await machine.run(words)).status).toBe(13);
  const shown = closed.registry.requests.filter(({ headers }) => "authorization" in headers || "x-secret" in headers);
  expect(shown).toEqual([]);
  machine.environment["DTUF_HOST"] = host;
  expect((await machine.run(words)).status).toBe(3);
});

test("a layer of fifty tags is read once and sent once", async () => {
  const base = randomContent(10_000);
  for (let tag = 0; tag < 50; tag++)
    await putImage(source.store, { tags: [`t${tag}`], layers: [base, randomContent(10)] });
  source.registry.clearLog();
  await toRegistry("--images", "8");
  const path = `/v2/${repository}/blobs/${digestOf(base)}`;
  expect(source.registry.requests.filter((request) => request.path === path)).toHaveLength(1);
});

test("the tag comes last: content, then what is below the index, then the index under its tag", async () => {
  await putMultiPlatform(source.store, { tag: "multi" });
  target.registry.clearLog();
  await toRegistry("--all");
  const puts = asked(target).filter((each) => each.startsWith("PUT /v2/x/demo/manifests"));
  expect(puts).toEqual([
    ...Array.from({ length: 3 }, () => "PUT /v2/x/demo/manifests/D"),
    "PUT /v2/x/demo/manifests/multi",
  ]);
});

test("a layer that the source has lost fails its image, and the others go on where that was asked for", async () => {
  const lost = randomContent(500);
  await putImage(source.store, { tags: ["1"], layers: [lost] });
  await putImage(source.store, { tags: ["2"] });
  await source.store.deleteBlob(digestOf(lost));
  const stopped = await sync("--src", "docker", "--dest", "dir", "--images", "1", from(), "d");
  expect([stopped.status, stopped.stderr]).toEqual([3, expect.stringContaining("MIRROR_CONTENT_MISSING")]);
  expect(stopped.stderr.match(/\(MIRROR_CONTENT_MISSING\)/g)).toHaveLength(1);
  expect(stopped.stderr).toMatch(/failed .*demo:1/);
  expect(await readdir(join(machine.directory, "d", "demo:1"))).not.toContain("manifest.json");
  const ran = await sync("--keep-going", "--json", "--src", "docker", "--dest", "dir", from(), "d");
  expect(ran.status).toBe(11);
  expect((JSON.parse(ran.stdout) as { images: { status: string }[] }).images.map(({ status }) => status)).toEqual([
    "failed",
    "copied",
  ]);
  const [sum, ...failures] = ran.stderr.trim().split("\n").slice(-2);
  expect(sum).toMatch(/2 images from 1 source: 1 copied, .*1 failed/);
  expect(failures).toEqual([expect.stringMatching(/^dtuf: failed .*demo:1 .*MIRROR_CONTENT_MISSING/)]);
});

test("a layer that is not its digest comes into no directory", async () => {
  const bytes = randomContent(500);
  await putImage(source.store, { tags: ["1"], layers: [bytes] });
  source.registry.repository(repository).blobs.set(digestOf(bytes), randomContent(500));
  const ran = await sync("--src", "docker", "--dest", "dir", from(), "d");
  expect([ran.status, ran.stderr]).toEqual([6, expect.stringContaining("OCI_DIGEST_MISMATCH")]);
  expect(await readdir(join(machine.directory, "d", "demo:1"))).not.toContain(digestHex(digestOf(bytes)));
});

test("what was brought before a failure is not brought again", async () => {
  const layers = [randomContent(500), randomContent(600)];
  await putImage(source.store, { tags: ["1"], layers });
  const { blobs } = source.registry.repository(repository);
  const second = digestOf(layers[1] ?? new Uint8Array());
  blobs.delete(second);
  expect((await sync("--src", "docker", "--dest", "dir", from(), "d")).status).toBe(3);
  blobs.set(second, layers[1] ?? new Uint8Array());
  source.registry.clearLog();
  await must("--src", "docker", "--dest", "dir", from(), "d");
  expect(asked(source).filter((each) => each.includes("/blobs/"))).toHaveLength(1);
});

describe("a disk that is full or broken, at every call", () => {
  const home = useDirectory();

  /** Whatever has its final name is whole; `manifest.json` is there only when everything is. */
  async function expectWhole(directory: string): Promise<void> {
    const names = await readdir(directory).catch((): string[] => []);
    const contents = names.filter((name) => /^[0-9a-f]{64}$/.test(name));
    for (const name of contents) expect(digestHex(digestOf(await readFile(join(directory, name))))).toBe(name);
    if (!names.includes("manifest.json")) return;
    const bytes = await readFile(join(directory, "manifest.json"));
    expect(bytes.length).toBeLessThan(manifestReadMaxBytes);
    const manifest = parseManifest(bytes);
    const needed = manifest.kind === "manifest" ? [manifest.config, ...manifest.layers] : [];
    expect(needed.map(({ digest }) => digestHex(digest)).filter((name) => !contents.includes(name))).toEqual([]);
  }

  test.each(["full", "EIO"] as const)("%s: nothing half-written has a final name", async (kind) => {
    await putImage(source.store, { tags: ["1"], layers: [randomContent(1000)] });
    await failAtEachCall({
      kind,
      run: async (directory) => {
        await writeFile(join(home, "report"), "");
        const ran = await sync("--report", join(home, "report"), "--src", "docker", "--dest", "dir", from(), directory);
        if (ran.status !== 0) throw Object.assign(new Error(ran.stderr), { code: `EXIT_${ran.status}` });
      },
      check: async (directory, outcome) => {
        expect(["fine", "EXIT_8"]).toContain(outcome);
        await expectWhole(join(directory, "demo:1"));
      },
    });
  });
});
