/** Options of sync, one by one, against registries that refuse and content that is unusual. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { digestOf, mediaTypes, parseTag } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { listAll, randomContent } from "@dtuf/testing/oci-content";
import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import type { Machine } from "../cli/machine.ts";
import { registryOf, uniqueRepository } from "../setup/registries.ts";
import { putBlob, putImage, putMultiPlatform } from "./images.ts";
import { useTwoRegistries } from "./scene.ts";

const { machine, source, target, sync } = useTwoRegistries();

const repository = "fred/demo";
const from = (): string => `docker://${source.registry.host}/${repository}`;
const copy = (transport: string, destination: string, ...more: string[]): ReturnType<Machine["run"]> =>
  sync("--src", "docker", "--dest", transport, ...more, `${source.registry.host}/${repository}`, destination);
const toTarget = (...more: string[]): ReturnType<Machine["run"]> =>
  copy("docker", `${target.registry.host}/fred`, ...more);
const elsewhere = (name: string): string => `${registryOf("plain").host}/${uniqueRepository(name)}`;

/** At the source, whatever the client would think of it. */
function hold(tag: string, bytes: Uint8Array, mediaType: string): void {
  const { manifests, tags } = source.registry.repository(repository);
  manifests.set(digestOf(bytes), { bytes, mediaType });
  tags.set(tag, digestOf(bytes));
}

describe("--retry-times", () => {
  test.each([
    ["0", 6],
    ["2", 0],
  ])("%s more tries for content that came damaged twice: exit status %i", async (times, status) => {
    const layer = randomContent(500);
    await putImage(source.store, { tags: ["1"], layers: [layer] });
    const damaged = { kind: "change", body: randomContent(500) } as const;
    const match = { method: "GET", path: new RegExp(`blobs/${digestOf(layer)}$`), nth: 1 };
    source.registry.script({ match, times: 2, fault: damaged });
    expect((await sync("--retry-times", times, "--retry-delay", "1ms", from(), "dir:d")).status).toBe(status);
  });

  test("an image that is not there is not asked for again", async () => {
    const ran = await sync("--retry-times", "3", `${from()}:none`, "dir:d");
    expect(ran.status).toBe(3);
    expect(source.asked().filter((each) => each.endsWith("/manifests/none"))).toHaveLength(1);
  });
});

test("a manifest of schema 1 is refused, with the reason, and the other images go on", async () => {
  await putImage(source.store, { tags: ["2"] });
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 1, name: repository, tag: "1", fsLayers: [], history: [] }),
  );
  hold("1", bytes, "application/vnd.docker.distribution.manifest.v1+json");
  for (const [transport, destination] of [
    ["docker", `${target.registry.host}/x`],
    ["dir", "d"],
    ["oci", "l"],
  ] as const) {
    const ran = await copy(transport, destination, "--keep-going");
    expect([ran.status, ran.stderr]).toEqual([11, expect.stringContaining("schema 1")]);
    expect(ran.stdout).toMatch(/^copied .*:2 -> /);
  }
});

test("a layer that its publisher keeps for itself is not looked for: the manifest goes as it is", async () => {
  const config = await putBlob(source.store, Buffer.from("{}"), mediaTypes.dockerConfig);
  const foreign = {
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    digest: digestOf(randomContent(10)),
    size: 10,
    urls: ["https://windows.example/layer"],
  };
  const mediaType = mediaTypes.dockerManifest;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [foreign] }));
  hold("windows", bytes, mediaType);
  expect((await copy("oci", "layout")).status).toBe(0);
  expect((await copy("dir", "d")).status).toBe(0);
  expect(await readFile(join(machine.directory, "d/demo:windows/manifest.json"))).toEqual(bytes);
});

describe("--delete on a registry", () => {
  const tags = (): Promise<readonly string[]> => listAll(target.store.listTags());

  beforeEach(async () => {
    for (const tag of ["1", "2", "3"]) await putImage(source.store, { tags: [tag] });
    await toTarget();
    await source.store.deleteTag(parseTag("2"));
  });

  test("takes the tags that are gone at the source", async () => {
    const dry = await toTarget("--delete", "--dry-run");
    expect(dry.stdout).toContain(`would-delete docker://${target.registry.host}/${repository}:2`);
    expect(await tags()).toEqual(["1", "2", "3"]);
    expect((await toTarget("--delete")).stdout).toContain("deleted ");
    expect(await tags()).toEqual(["1", "3"]);
  });

  test("takes nothing after a failure", async () => {
    const layer = randomContent(100);
    await putImage(source.store, { tags: ["1"], layers: [layer] });
    await source.store.deleteBlob(digestOf(layer));
    expect((await toTarget("--delete", "--keep-going")).status).toBe(11);
    expect(await tags()).toEqual(["1", "2", "3"]);
  });

  test("takes nothing where the tags could not be listed", async () => {
    source.registry.script({ match: { path: /tags\/list/ }, fault: { kind: "answer", status: 403 } });
    expect((await toTarget("--delete")).status).toBe(13);
    expect(await tags()).toEqual(["1", "2", "3"]);
  });
});

test("several platforms: a layout keeps the index with them below it; a strict registry takes all or nothing", async () => {
  const { index, images } = await putMultiPlatform(source.store, { tag: "multi" });
  const two = ["--platform", "linux/amd64,linux/s390x"];
  expect((await sync(...two, from(), "oci:layout")).status).toBe(0);
  const store = createLayoutStore({ directory: join(machine.directory, "layout") });
  expect((await store.resolve(parseTag("multi"), { want: "digest" }))?.descriptor.digest).toBe(index.descriptor.digest);
  const has = await Promise.all(
    [...images].map(async ([name, { descriptor }]) => [name, await store.has(descriptor)] as const),
  );
  expect(Object.fromEntries(has)).toEqual({ amd64: true, arm64: false, s390x: true });
  const strict = await copy("docker", elsewhere("several"), ...two);
  expect([strict.status, strict.stderr]).toEqual([5, expect.stringContaining("MANIFEST_BLOB_UNKNOWN")]);
  expect((await copy("docker", elsewhere("every"), "--all")).status).toBe(0);
});

describe("secrets", () => {
  test("outright credentials are not shown to several registries", async () => {
    const list = ["one.example", "two.example"].map((host) => `${host}:\n  images: {a/b: []}\n`).join("");
    await writeFile(join(machine.directory, "list.yaml"), list);
    const ran = await sync("--src-creds", "fred:secret", "--source-yaml", "list.yaml", "dir:d");
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining("several registries")]);
  });

  test("in argv they are taken, and it is said that every process can read them; in variables they are not visible", async () => {
    await using closed = await createRemoteRepository({ auth: { kind: "basic", users: { fred: "secret" } } });
    const place = `docker://${closed.registry.host}/${repository}:none`;
    const told = "every process of this machine can read --src-creds: use DTUF_SRC_CREDS or --src-authfile instead";
    for (const words of [["--src-creds", "fred:secret"], ["--src-creds=fred:secret"]]) {
      const ran = await sync(...words, place, "dir:d");
      expect([ran.status, ran.stderr.split(told)]).toEqual([3, expect.objectContaining({ length: 2 })]);
      expect(ran.stderr).not.toContain("secret");
    }
    Object.assign(machine.environment, { DTUF_SRC_USERNAME: "fred", DTUF_SRC_PASSWORD: "secret" });
    const quiet = await sync(place, "dir:d");
    expect([quiet.status, quiet.stderr.includes("every process")]).toEqual([3, false]);
  });
});

test("tags that differ in case only are refused before a directory is made", async () => {
  for (const tag of ["V1", "v1"]) await putImage(source.store, { tags: [tag] });
  const ran = await sync(from(), "dir:d");
  expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining("MIRROR_COLLISION")]);
  expect(await readdir(machine.directory)).toEqual([]);
});
