/** `sync --delete` where several sources meet in one repository, and what belongs to an image. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { digestHex, parseTag } from "@dtuf/registry";
import { listAll } from "@dtuf/testing/oci-content";
import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import type { Machine } from "../cli/machine.ts";
import { putArtifact, putImage } from "./images.ts";
import { useTwoRegistries } from "./scene.ts";

const { machine, source, target, sync } = useTwoRegistries();

/** A list in skopeo's form, by repository. */
async function syncList(images: Readonly<Record<string, readonly string[]>>, ...more: string[]): Promise<number> {
  const list = { [source.registry.host]: { "tls-verify": false, images } };
  await writeFile(join(machine.directory, "list.yml"), JSON.stringify(list));
  const words = ["--src", "yaml", "--dest", "docker", ...more, "list.yml", `${target.registry.host}/mirror`];
  return (await sync(...words)).status;
}

const tagsOf = async (repository: string): Promise<readonly string[]> =>
  (await listAll(target.client.repository(repository).listTags())).toSorted();

describe("two sources that are one repository at the destination", () => {
  beforeEach(async () => {
    for (const tag of ["1", "2"]) await putImage(source.client.repository("blue/web"), { tags: [`blue-${tag}`] });
    for (const tag of ["1", "2"]) await putImage(source.client.repository("green/web"), { tags: [`green-${tag}`] });
  });

  test("keep each other's tags, and what is gone at its own source goes", async () => {
    const images = { "blue/web": [], "green/web": [] };
    expect(await syncList(images, "--delete")).toBe(0);
    expect(await tagsOf("mirror/web")).toEqual(["blue-1", "blue-2", "green-1", "green-2"]);
    await source.client.repository("green/web").deleteTag(parseTag("green-1"));
    expect(await syncList(images, "--delete")).toBe(0);
    expect(await tagsOf("mirror/web")).toEqual(["blue-1", "blue-2", "green-2"]);
  });

  test("lose nothing if one of them gives tags by name, because the others are not known", async () => {
    await syncList({ "blue/web": [], "green/web": [] });
    await source.client.repository("blue/web").deleteTag(parseTag("blue-1"));
    expect(await syncList({ "blue/web": [], "green/web": ["green-1"] }, "--delete")).toBe(0);
    expect(await tagsOf("mirror/web")).toEqual(["blue-1", "blue-2", "green-1", "green-2"]);
  });

  test("lose nothing if one of them cannot be listed", async () => {
    await syncList({ "blue/web": [], "green/web": [] });
    await source.client.repository("blue/web").deleteTag(parseTag("blue-1"));
    source.registry.script({ match: { path: /green\/web\/tags\/list/ }, fault: { kind: "answer", status: 403 } });
    expect(await syncList({ "blue/web": [], "green/web": [] }, "--delete", "--keep-going")).toBe(11);
    expect(await tagsOf("mirror/web")).toEqual(["blue-1", "blue-2", "green-1", "green-2"]);
  });
});

test("a directory that has another file is neither deleted nor reported as deleted", async () => {
  for (const tag of ["1", "2"]) await putImage(source.store, { tags: [tag] });
  const words = ["--src", "docker", "--dest", "dir", `${source.registry.host}/fred/demo`, "d"];
  await sync(...words);
  const image = join(machine.directory, "d", "demo:2");
  await writeFile(join(image, "README"), "mine");
  const before = await readdir(image);
  await source.store.deleteTag(parseTag("2"));
  const ran = await sync("--delete", ...words);
  expect([ran.status, ran.stderr]).toEqual([11, expect.stringContaining("MIRROR_DIRECTORY_INVALID")]);
  expect([ran.stdout, await readdir(image)]).toEqual([expect.not.stringContaining("deleted"), before]);
});

describe("what refers to an image, at a registry without a referrers API", () => {
  async function putSigned(tag: string): Promise<string> {
    const image = await putImage(source.store, { tags: [tag] });
    await putArtifact(source.store, { subject: image.descriptor, artifactType: "application/vnd.example.note" });
    return `sha256-${digestHex(image.descriptor.digest)}`;
  }

  beforeEach(async () => {
    await target[Symbol.asyncDispose]();
    Object.assign(target, await createRemoteRepository({ without: ["referrers"] }));
  });

  const run = (...more: string[]): ReturnType<Machine["run"]> =>
    sync(
      "--src",
      "docker",
      "--dest",
      "docker",
      "--referrers",
      ...more,
      `${source.registry.host}/fred/demo`,
      target.registry.host,
    );

  test("its fallback tag stays with --delete as long as the image does, and goes with it", async () => {
    const [first, second] = [await putSigned("1"), await putSigned("2")];
    expect(await run("--delete")).toMatchObject({ status: 0 });
    expect((await run("--delete")).status).toBe(0);
    expect(await tagsOf("demo")).toEqual(["1", "2", first, second].toSorted());
    await source.store.deleteTag(parseTag("2"));
    expect((await run("--delete")).status).toBe(0);
    expect(await tagsOf("demo")).toEqual(["1", first].toSorted());
  });

  test("a referrer whose manifest is there but is not listed is listed again", async () => {
    const fallback = await putSigned("1");
    expect((await run()).status).toBe(0);
    await target.client.repository("demo").deleteTag(parseTag(fallback));
    expect((await run()).status).toBe(0);
    expect(await tagsOf("demo")).toEqual(["1", fallback]);
  });
});
