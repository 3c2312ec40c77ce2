/** `dtuf sync` between a real registry, directories, layouts and archives, with skopeo as the judge of both forms. */
import { mkdir, readFile, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { digestHex, digestOf, parseTag } from "@dtuf/registry";
import type { RemoteStore } from "@dtuf/registry/remote";
import { fetchDebianSkopeo, type Skopeo } from "@dtuf/testing/machines/debian-skopeo";
import { listAll, randomContent } from "@dtuf/testing/oci-content";
import { cacheDirectory, uniqueRepository } from "../setup/registries.ts";
import { putArtifact, putImage, putMultiPlatform } from "./images.ts";
import { useRealRegistry, type Report } from "./scene.ts";

let skopeo: Skopeo;
const { machine, host, client, sync, must, files } = useRealRegistry();
let repository: string;
let store: RemoteStore;

beforeAll(async () => {
  skopeo = await fetchDebianSkopeo({ cacheDirectory: join(cacheDirectory(), "debian") });
});

beforeEach(() => {
  repository = uniqueRepository("sync");
  store = client.repository(repository);
});

const name = (): string => repository.slice(repository.lastIndexOf("/") + 1);

/** From the registry. */
async function syncBySkopeo(name: string, ...more: readonly string[]): Promise<void> {
  const directory = join(machine.directory, name);
  await mkdir(directory);
  const words = ["--src-tls-verify=false", "--src", "docker", "--dest", "dir", ...more];
  await skopeo.run(["sync", ...words, `${host}/${repository}`, directory]);
}

async function digestAt(repo: string, tag: string): Promise<string | undefined> {
  return (await client.repository(repo).resolve(parseTag(tag), { want: "digest" }))?.descriptor.digest;
}

describe("registry to directory", () => {
  test("every tag becomes a directory that is, file for file, what skopeo writes", async () => {
    await putImage(store, { tags: ["1.0"] });
    await putImage(store, { tags: ["1.1"], form: "docker" });
    await putArtifact(store, { tag: "thing" });
    await must("--src", "docker", "--dest", "dir", `${host}/${repository}`, "ours");
    await syncBySkopeo("theirs");
    expect(await files("ours")).toEqual([`${name()}:1.0`, `${name()}:1.1`, `${name()}:thing`]);
    for (const image of await files("theirs")) {
      expect(await files("ours", image)).toEqual(await files("theirs", image));
      for (const file of await files("theirs", image)) {
        const [own, others] = ["ours", "theirs"].map((side) => readFile(join(machine.directory, side, image, file)));
        expect(await own).toEqual(await others);
      }
    }
  });

  test("the seed's own form scopes always; --scoped does it in skopeo's form", async () => {
    await putImage(store, { tags: ["1.0"] });
    await must(`docker://${host}/${repository}`, "dir:seed");
    await must("--src", "docker", "--dest", "dir", "--scoped", `${host}/${repository}:1.0`, "scoped");
    for (const root of ["seed", "scoped"]) expect(await files(root, host, repository, "..")).toEqual([`${name()}:1.0`]);
  });

  test("with --all the whole list is there, and skopeo pushes it on with its digest", async () => {
    const { index, images } = await putMultiPlatform(store, { tag: "multi", form: "docker" });
    await must("--all", `docker://${host}/${repository}:multi`, "dir:all");
    const directory = join("all", host, `${repository}:multi`);
    expect(await readFile(join(machine.directory, directory, "manifest.json"))).toEqual(Buffer.from(index.bytes));
    for (const { descriptor } of images.values()) {
      expect(await files(directory)).toContain(`${digestHex(descriptor.digest)}.manifest.json`);
    }
    const target = uniqueRepository("pushed");
    await skopeo.run([
      "copy",
      "--all",
      "--preserve-digests",
      "--dest-tls-verify=false",
      `dir:${join(machine.directory, directory)}`,
      `docker://${host}/${target}:multi`,
    ]);
    expect(await digestAt(target, "multi")).toBe(index.descriptor.digest);
  });

  test("without --all it is the image of one platform, as skopeo's", async () => {
    const { images } = await putMultiPlatform(store, { tag: "multi" });
    await must("--platform", "linux/s390x", `docker://${host}/${repository}:multi`, "dir:one");
    const found = await readFile(join(machine.directory, "one", host, `${repository}:multi`, "manifest.json"));
    expect(digestOf(found)).toBe(images.get("s390x")?.descriptor.digest);
  });

  test("layers that images share are read once, and later runs bring only what is new", async () => {
    const base = randomContent(50_000);
    for (const tag of ["1", "2", "3"]) await putImage(store, { tags: [tag], layers: [base, randomContent(100)] });
    const first = JSON.parse((await must("--json", `docker://${host}/${repository}`, "dir:d")).stdout) as Report;
    expect(first.transferred).toMatchObject({ mountedBlobs: 2, sentBlobs: 3 + 3 + 1 });
    await putImage(store, { tags: ["4"], layers: [base, randomContent(100)] });
    await putImage(store, { tags: ["1"], layers: [base, randomContent(100)] });
    await unlink(join(machine.directory, "d", host, `${repository}:2`, digestHex(digestOf(base))));
    const second = JSON.parse((await must("--json", `docker://${host}/${repository}`, "dir:d")).stdout) as Report;
    expect(second.images.map(({ status }) => status)).toEqual(["copied", "copied", "unchanged", "copied"]);
    // config, one layer, manifest.json, version and the base: nothing of the image before is left.
    expect(await files("d", host, `${repository}:1`)).toHaveLength(5);
  });

  test("a dry run creates nothing, and says what is not there", async () => {
    await putImage(store, { tags: ["1"] });
    expect((await must("--dry-run", `docker://${host}/${repository}`, "dir:d")).stdout).toMatch(/^would-copy /);
    expect(await files()).toEqual([]);
    expect((await sync("--dry-run", `docker://${host}/${repository}:none`, "dir:d")).status).toBe(3);
    await must(`docker://${host}/${repository}`, "dir:d");
    expect((await must("--dry-run", `docker://${host}/${repository}`, "dir:d")).stdout).toMatch(/^unchanged /);
  });

  test("a directory that holds something else is left alone", async () => {
    await putImage(store, { tags: ["1"] });
    const directory = join(machine.directory, "d", `${name()}:1`);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "letter"), "mine");
    const ran = await sync("--src", "docker", "--dest", "dir", `${host}/${repository}:1`, "d");
    expect(ran.status).toBe(6);
    expect(await files("d", `${name()}:1`)).toEqual(["letter"]);
  });
});

describe("directory to registry", () => {
  test("what skopeo wrote comes into a registry with its digests", async () => {
    const image = await putImage(store, { tags: ["1.0"] });
    const { index } = await putMultiPlatform(store, { tag: "multi", form: "docker" });
    await syncBySkopeo("d", "--all", "--preserve-digests");
    const target = uniqueRepository("back");
    await must("--all", "--src", "dir", "--dest", "docker", "d", `${host}/${target}`);
    expect(await digestAt(`${target}/${name()}`, "1.0")).toBe(image.descriptor.digest);
    expect(await digestAt(`${target}/${name()}`, "multi")).toBe(index.descriptor.digest);
  });

  test("no images, and no directory, are failures", async () => {
    await mkdir(join(machine.directory, "empty"));
    expect((await sync("dir:empty", `docker://${host}/x`)).status).toBe(3);
    expect((await sync("dir:none", `docker://${host}/x`)).status).toBe(3);
  });

  test("signatures that a registry cannot hold are not lost silently", async () => {
    await putImage(store, { tags: ["1"] });
    await must("--src", "docker", "--dest", "dir", `${host}/${repository}`, "d");
    await writeFile(join(machine.directory, "d", `${name()}:1`, "signature-1"), "simple signing");
    const target = uniqueRepository("back");
    const ran = await sync("--src", "dir", "--dest", "docker", "d", `${host}/${target}`);
    expect([ran.status, ran.stderr]).toEqual([1, expect.stringContaining("MIRROR_SIGNATURES")]);
    await must("--remove-signatures", "--src", "dir", "--dest", "docker", "d", `${host}/${target}`);
  });
});

describe("registry to registry", () => {
  test("within one registry blobs are mounted, and nothing is sent", async () => {
    await putImage(store, { tags: ["1"], layers: [randomContent(10_000)] });
    const target = uniqueRepository("target");
    const ran = await must(
      "--json",
      "--src",
      "docker",
      "--dest",
      "docker",
      `${host}/${repository}`,
      `${host}/${target}`,
    );
    const report = JSON.parse(ran.stdout) as Report;
    expect(report.transferred).toMatchObject({ sentBlobs: 0, mountedBlobs: 2 });
    expect(await digestAt(`${target}/${name()}`, "1")).toBe(report.images[0]?.digest);
  });

  test("a mapped repository, a suffix, filters and the newest tags", async () => {
    for (const tag of ["1.0", "1.1", "v2", "latest", "dev"]) await putImage(store, { tags: [tag] });
    const target = uniqueRepository("mapped");
    const source = `${host}/${repository}`;
    const mapped = ["--map", `${source}=apps/demo`, "--append-suffix", "-eu", "--src", "docker", "--dest", "docker"];
    await must(...mapped, "--newest", "2", source, `${host}/${target}`);
    await must(...mapped, "--include", "^(1|d)", "--exclude", "0$", source, `${host}/${target}`);
    const tags = await listAll(client.repository(`${target}/apps/demo`).listTags());
    expect(tags.toSorted()).toEqual(["1.1-eu", "dev-eu", "v2-eu"]);
  });

  test("--delete takes what is gone at the source, and neither what is filtered nor what is new there", async () => {
    for (const tag of ["1", "2", "3"]) await putImage(store, { tags: [tag] });
    const words = ["--src", "docker", "--dest", "dir", `${host}/${repository}`, "d"];
    await must(...words);
    await store.deleteTag(parseTag("2"));
    expect((await must("--dry-run", "--delete", ...words)).stdout).toContain("would-delete");
    await must("--delete", "--include", "1", ...words);
    expect(await files("d")).toEqual([`${name()}:1`, `${name()}:3`]);
  });

  test("referrers and cosign's companions come along on demand", async () => {
    const image = await putImage(store, { tags: ["1"] });
    const signature = await putArtifact(store, {
      subject: image.descriptor,
      artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json",
    });
    const bill = await putArtifact(store, { subject: image.descriptor, artifactType: "application/spdx+json" });
    const attested = await putArtifact(store, { subject: bill.descriptor });
    const companion = await putArtifact(store, { tag: `sha256-${digestHex(image.descriptor.digest)}.att` });
    const [all, unsigned] = [uniqueRepository("all"), uniqueRepository("unsigned")];
    const words = ["--referrers", "--src", "docker", "--dest", "docker", `${host}/${repository}:1`];
    await must(...words, `${host}/${all}`);
    await must("--remove-signatures", ...words, `${host}/${unsigned}`);
    const listed = async (repo: string): Promise<string[]> =>
      (await listAll(client.repository(`${repo}/${name()}`).listReferrers(image.descriptor.digest)))
        .map(({ digest }) => digest)
        .toSorted();
    expect(await listed(all)).toEqual([signature.descriptor.digest, bill.descriptor.digest].toSorted());
    expect(await listed(unsigned)).toEqual([bill.descriptor.digest]);
    const copied = client.repository(`${all}/${name()}`);
    expect(await copied.has(attested.descriptor)).toBe(true);
    expect(await copied.has(companion.descriptor)).toBe(true);
  });
});

describe("layouts and archives", () => {
  test("a repository goes through a layout and through an archive, and stays what it is", async () => {
    const image = await putImage(store, { tags: ["1", "again"] });
    const { index } = await putMultiPlatform(store, { tag: "multi" });
    await must("--all", `docker://${host}/${repository}`, "oci:layout");
    await must("--all", "oci:layout", "oci-archive:a.tar");
    await must("--all", `docker://${host}/${repository}`, "oci-archive:b.tar");
    expect(await readFile(join(machine.directory, "a.tar"))).toEqual(await readFile(join(machine.directory, "b.tar")));
    const shown = await skopeo.run(["inspect", "--raw", `oci-archive:${machine.directory}/a.tar:multi`]);
    expect(shown).toBe(Buffer.from(index.bytes).toString());
    const target = uniqueRepository("imported");
    await must("--all", "oci-archive:a.tar", `docker://${host}/${target}`);
    expect(await digestAt(target, "again")).toBe(image.descriptor.digest);
    expect(await digestAt(target, "multi")).toBe(index.descriptor.digest);
    expect(await files()).toEqual(["a.tar", "b.tar", "layout"]);
  });

  test("an archive that skopeo wrote is read", async () => {
    const image = await putImage(store, { tags: ["1"] });
    await skopeo.run([
      "copy",
      "--preserve-digests",
      "--src-tls-verify=false",
      `docker://${host}/${repository}:1`,
      `oci-archive:${machine.directory}/s.tar:1`,
    ]);
    const target = uniqueRepository("imported");
    await must("oci-archive:s.tar", `docker://${host}/${target}`);
    expect(await digestAt(target, "1")).toBe(image.descriptor.digest);
  });

  test("an archive is added to, and a second run changes no byte of it", async () => {
    await putImage(store, { tags: ["1"] });
    await must(`docker://${host}/${repository}`, "oci-archive:a.tar");
    const before = await readFile(join(machine.directory, "a.tar"));
    await must(`docker://${host}/${repository}`, "oci-archive:a.tar");
    expect(await readFile(join(machine.directory, "a.tar"))).toEqual(before);
    await putImage(store, { tags: ["2"] });
    expect((await must(`docker://${host}/${repository}`, "oci-archive:a.tar")).stdout).toMatch(
      /unchanged .*\ncopied /s,
    );
  });
});

test("the digest file has a line for each image, and none in a dry run", async () => {
  const image = await putImage(store, { tags: ["1"] });
  const target = "layout";
  const words = ["--digestfile", "digests", `docker://${host}/${repository}`, `oci:${target}`];
  await must("--dry-run", ...words);
  await expect(stat(join(machine.directory, "digests"))).rejects.toThrow("ENOENT");
  await must(...words);
  expect(await readFile(join(machine.directory, "digests"), "utf8")).toBe(
    `${image.descriptor.digest} oci:${join(machine.directory, target)}:1\n`,
  );
});

test.each([
  ["--sign-by", "somebody"],
  ["--policy", "policy.json"],
  ["--format", "v2s1"],
])("%s is refused with the reason", async (option, value) => {
  const ran = await sync(option, value, `docker://${host}/${repository}`, "dir:d");
  expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining(option)]);
});
