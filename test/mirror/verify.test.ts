/** `sync --verify`: content of the right size that was damaged at the destination. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { digestHex, digestOf, parseTag, type ManifestContent } from "@dtuf/registry";
import { randomContent } from "@dtuf/testing/oci-content";
import type { RemoteRepository } from "@dtuf/testing/remote-repository";
import { putArtifact, putImage, putMultiPlatform } from "./images.ts";
import { useTwoRegistries } from "./scene.ts";

const layer = randomContent(3000);
const damaged = Buffer.alloc(layer.length, "x");
const { machine, source, target, sync } = useTwoRegistries();

beforeEach(async () => {
  await putImage(source.store, { tags: ["1"], layers: [layer] });
});

const from = (): string => `docker://${source.registry.host}/fred/demo`;

test.each([
  ["a layout", "oci:there"],
  ["a directory", "dir:there"],
])("in %s is replaced with --verify, and taken for right without", async (_what, destination) => {
  await sync(from(), destination);
  const name = digestHex(digestOf(layer));
  const names = await readdir(machine.directory, { recursive: true });
  const file = join(machine.directory, names.find((each) => each.endsWith(name)) ?? "missing");
  await writeFile(file, damaged);
  expect((await sync(from(), destination)).stdout).toMatch(/^unchanged/);
  expect(await readFile(file)).toEqual(damaged);
  expect((await sync("--verify", from(), destination)).stdout).toMatch(/^copied/);
  expect(Buffer.compare(await readFile(file), layer)).toBe(0);
});

test("in a registry is an error with --verify, because a registry is not ours to mend", async () => {
  await sync(...toRegistry());
  const { blobs } = target.registry.repository("demo");
  blobs.set(digestOf(layer), damaged);
  expect((await sync(...toRegistry())).status).toBe(0);
  const verified = await sync("--verify", ...toRegistry());
  expect([verified.status, verified.stderr]).toEqual([6, expect.stringContaining(digestOf(layer))]);
  expect(blobs.get(digestOf(layer))).toEqual(damaged);
});

const toRegistry = (): string[] => [
  ...["--all", "--src", "docker", "--dest", "docker"],
  ...[`${source.registry.host}/fred/demo:1`, target.registry.host],
];
const there = (): ReturnType<RemoteRepository["registry"]["repository"]> => target.registry.repository("demo");

/** Changes the bytes of a manifest under its digest, to other JSON of the same length. */
function damage({ descriptor, bytes }: ManifestContent): void {
  const { mediaType, digest } = descriptor;
  const changed = Buffer.from(Buffer.from(bytes).toString().replace("sha256:", "sha512:"));
  there().manifests.set(digest, { mediaType, bytes: changed });
}

describe("a manifest at a registry", () => {
  let root: ManifestContent;
  let child: ManifestContent;
  beforeEach(async () => {
    const { index, images } = await putMultiPlatform(source.store, { tag: "1" });
    const [first] = images.values();
    if (first === undefined) throw new TypeError("no child");
    [root, child] = [index, first];
    await sync(...toRegistry());
    // A registry answers HEAD from what it has noted, not from the bytes on its disk.
    const headers = { "docker-content-digest": root.descriptor.digest };
    target.registry.script({ match: { method: "HEAD", path: /manifests\/1$/ }, fault: { kind: "change", headers } });
  });

  test.each([
    ["the image's own", () => root],
    ["one below an index", () => child],
  ])("%s, that is damaged is put again with --verify, and taken for right without", async (_which, which) => {
    const { descriptor, bytes } = which();
    damage(which());
    expect((await sync(...toRegistry())).stdout).toMatch(/^unchanged/);
    expect((await sync("--verify", ...toRegistry())).stdout).toMatch(/^copied/);
    expect(there().manifests.get(descriptor.digest)?.bytes).toEqual(Buffer.from(bytes));
  });

  test.each([
    ["stays damaged after it was put again", () => damage(root), "OCI_DIGEST_MISMATCH"],
    [
      "is lost, although HEAD says that it is there",
      () => there().manifests.delete(root.descriptor.digest),
      "NOT_KEPT",
    ],
  ])("that %s is an error with --verify", async (_what, harm, code) => {
    harm();
    const headers = { "docker-content-digest": root.descriptor.digest };
    const fault = { kind: "answer", status: 201, headers } as const;
    target.registry.script({ match: { method: "PUT", path: /manifests\/1$/ }, fault });
    const before = [...there().tags];
    const verified = await sync("--verify", ...toRegistry());
    expect([verified.status, verified.stderr]).toEqual([6, expect.stringContaining(code)]);
    expect([verified.stdout, [...there().tags]]).toEqual(["", before]);
  });

  test("that is right costs one request more with --verify, and none without", async () => {
    const manifestRequests = async (...more: string[]): Promise<readonly string[]> => {
      const before = target.registry.requests.length;
      expect((await sync(...more, ...toRegistry())).stdout).toMatch(/^unchanged/);
      const asked = target.registry.requests.slice(before).filter(({ path }) => path.includes("/manifests/"));
      return asked.map(({ method }) => method).toSorted();
    };
    expect(await manifestRequests()).toEqual(["HEAD"]);
    const children = there().manifests.size - 1;
    expect(await manifestRequests("--verify")).toEqual([...Array<string>(children + 1).fill("GET"), "HEAD"]);
  });
});

test.each([
  ["a manifest", { method: "PUT", path: /manifests/ }],
  ["a blob", { method: "POST", path: /uploads/ }],
])("a registry that says 201 to %s and keeps nothing is an error with --verify", async (_what, match) => {
  const headers = { location: "/v2/demo/blobs/there" };
  target.registry.script({ match, fault: { kind: "answer", status: 201, headers } });
  // The registry does not look whether a manifest's blobs are there.
  target.registry.script({ match: { method: "PUT", path: /manifests/ }, fault: { kind: "answer", status: 201 } });
  const verified = await sync("--verify", ...toRegistry());
  expect([verified.status, verified.stderr]).toEqual([6, expect.stringContaining("MIRROR_NOT_KEPT")]);
  expect(there().tags.size).toBe(0);
});

test("a damaged signature of an image is put again with --verify", async () => {
  const subject = await source.store.resolve(parseTag("1"), { want: "digest" });
  if (subject === undefined) throw new TypeError("no image");
  const artifactType = "application/vnd.example.note";
  const note = await putArtifact(source.store, { subject: subject.descriptor, artifactType });
  await sync("--referrers", ...toRegistry());
  damage(note);
  expect((await sync("--referrers", "--verify", ...toRegistry())).status).toBe(0);
  expect(there().manifests.get(note.descriptor.digest)?.bytes).toEqual(Buffer.from(note.bytes));
});

test.each([
  ["a layout", "oci:there"],
  ["a directory", "dir:there"],
])("a damaged manifest in %s is replaced with --verify", async (_what, destination) => {
  const { index, images } = await putMultiPlatform(source.store, { tag: "1" });
  await sync("--all", `${from()}:1`, destination);
  const names = (await readdir(machine.directory, { recursive: true })).map((name) => join(machine.directory, name));
  for (const { descriptor, bytes } of [index, ...images.values()]) {
    const hex = digestHex(descriptor.digest);
    const isFile = (name: string): boolean => name.endsWith(hex) || name.endsWith(`${hex}.manifest.json`);
    const file = names.find(isFile) ?? names.find((name) => name.endsWith("/manifest.json")) ?? "missing";
    for (const harmed of [Buffer.alloc(bytes.length, "x"), Buffer.from("{}")]) {
      await writeFile(file, harmed);
      const ran = await sync("--all", "--verify", `${from()}:1`, destination);
      expect([ran.status, ran.stderr]).toEqual([0, expect.anything()]);
      expect(await readFile(file)).toEqual(Buffer.from(bytes));
    }
  }
});
