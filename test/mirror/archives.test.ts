/** Layouts and archives as other tools make them: how they name images, what lies beside, how they are packed. */
import { execFileSync } from "node:child_process";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { parseTag, type Digest, type ManifestContent } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { uniqueRepository } from "../setup/registries.ts";
import { putImage } from "./images.ts";
import { useRealRegistry } from "./scene.ts";

const { machine, host, client, sync, must } = useRealRegistry();
let images: readonly [one: ManifestContent, two: ManifestContent];

beforeEach(async () => {
  const store = createLayoutStore({ directory: join(machine.directory, "made") });
  images = [await putImage(store), await putImage(store)];
});

const [containerd, refName] = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];

/** The index of the layout as another tool writes it, and the tar of the whole. */
async function pack(...annotations: readonly (Readonly<Record<string, string>> | undefined)[]): Promise<void> {
  const manifests = annotations.map((named, at) => {
    const { mediaType, digest, size } = images[at === 0 ? 0 : 1].descriptor;
    return { mediaType, digest, size, ...(named === undefined ? {} : { annotations: named }) };
  });
  await writeFile(join(machine.directory, "made/index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  execFileSync("tar", ["-cf", "made.tar", "-C", "made", "."], { cwd: machine.directory });
}

async function digestAt(repository: string, name: string): Promise<string | undefined> {
  const found = await client.repository(repository).resolve(parseTag(name), { want: "digest" });
  return found?.descriptor.digest;
}

const digestOfImage = (at: 0 | 1): Digest => images[at].descriptor.digest;

describe.each(["oci:made", "oci-archive:made.tar"])("%s", (source) => {
  test("of docker save with two images of one tag: each goes under its own name", async () => {
    await pack(
      { [containerd]: "docker.io/library/one:latest", [refName]: "latest" },
      { [containerd]: "docker.io/library/two:latest", [refName]: "latest" },
    );
    const root = uniqueRepository("saved");
    const ran = await must(source, `docker://${host}/${root}`);
    expect(ran.stdout).toContain(`:docker.io/library/one:latest -> docker://${host}/${root}/one:latest`);
    expect([await digestAt(`${root}/one`, "latest"), await digestAt(`${root}/two`, "latest")]).toEqual([
      digestOfImage(0),
      digestOfImage(1),
    ]);
    const both = await sync(`${source}:latest`, `docker://${host}/${root}`);
    expect(both.stderr).toContain(`@${digestOfImage(1)}`);
    expect(both.stderr).toContain("docker.io/library/two");
    expect(both.status).not.toBe(0);
    await must(`${source}@${digestOfImage(1)}`, `docker://${host}/${root}/chosen:mine`);
    expect(await digestAt(`${root}/chosen`, "mine")).toBe(digestOfImage(1));
  });

  test("of podman, which writes the whole reference in the tag's place: its tag is its tag", async () => {
    await pack({ [refName]: "localhost/my_image:1.0" });
    for (const each of [source, `${source}:1.0`]) {
      const target = uniqueRepository("podman");
      await must(each, `docker://${host}/${target}`);
      expect(await digestAt(target, "1.0")).toBe(digestOfImage(0));
    }
  });

  test("with an image that has no tag: it is the one, and of several each is named by its digest", async () => {
    await pack(undefined);
    const target = uniqueRepository("untagged");
    await must(source, `docker://${host}/${target}:given`);
    expect(await digestAt(target, "given")).toBe(digestOfImage(0));
    await pack(undefined, undefined);
    const refused = await sync(source, `docker://${host}/${target}:given`);
    expect(refused.status).toBe(3);
    expect(refused.stderr).toMatch(/made(?:\.tar)?@sha256:[0-9a-f]{64}/);
    await must(`${source}@${digestOfImage(1)}`, "oci:copied:given");
    const copied = createLayoutStore({ directory: join(machine.directory, "copied") });
    const found = await copied.resolve(parseTag("given"), { want: "digest" });
    expect(found?.descriptor.digest).toBe(digestOfImage(1));
    const missing = await sync(`${source}@sha256:${"0".repeat(64)}`, `docker://${host}/${target}`);
    expect(missing.status).toBe(3);
  });

  test("without the marker of a layout", async () => {
    await rm(join(machine.directory, "made/oci-layout"));
    await pack({ [refName]: "1.0" });
    const target = uniqueRepository("unmarked");
    await must(source, `docker://${host}/${target}`);
    expect(await digestAt(target, "1.0")).toBe(digestOfImage(0));
  });
});

test("errors and lines about an archive name the file that was given, and no directory of ours", async () => {
  await pack({ [refName]: "1.0" });
  execFileSync("gzip", ["made.tar"], { cwd: machine.directory });
  const ran = await must("--digestfile", "digests", "oci-archive:made.tar.gz", "oci-archive:out.tar");
  expect(ran.stdout).toBe("copied oci-archive:made.tar.gz:1.0 -> oci-archive:out.tar:1.0\n");
  expect(await readFile(join(machine.directory, "digests"), "utf8")).toContain(" oci-archive:out.tar:1.0\n");
  await writeFile(join(machine.directory, "made/index.json"), "{}}");
  execFileSync("tar", ["-cf", "bad.tar", "-C", "made", "."], { cwd: machine.directory });
  const missing = await sync("oci-archive:made.tar.gz:2.0", "oci:x");
  const bad = await sync("oci-archive:bad.tar", "oci:x");
  expect(missing.stderr).toContain("oci-archive:made.tar.gz:2.0 does not exist");
  expect(bad.stderr).toMatch(/bad\.tar is not an archive .*index\.json is not JSON/);
  for (const { stderr } of [ran, missing, bad]) expect(stderr).not.toMatch(/dtuf-archive|dtuf-partial/);
});

test("an archive is one repository: what is scoped or mapped has no place in it, and nothing is left behind", async () => {
  await pack({ [refName]: "1.0" });
  const named = [
    ["--scoped", "oci:.", "oci-archive:out.tar"],
    ["--map", "made=other", "oci:made", "oci-archive:out.tar"],
  ];
  for (const words of named) {
    const ran = await sync(...words);
    expect(ran.stderr).toContain("oci-archive:out.tar is one repository");
    expect(ran.status).toBe(2);
    expect(await readdir(machine.directory)).toEqual(["made", "made.tar"]);
  }
});
