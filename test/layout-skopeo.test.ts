/** What the layout store writes, skopeo reads; what skopeo writes, the layout store reads. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  digestHex,
  digestOf,
  emptyConfig,
  emptyConfigBytes,
  encodeImageManifest,
  mediaTypes,
  parseManifest,
  parseTag,
  type Descriptor,
  type ManifestContent,
} from "@dtuf/registry";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { fetchDebianSkopeo, type Skopeo } from "@dtuf/testing/machines/debian-skopeo";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { cacheDirectory, registryOf, uniqueRepository } from "./setup/registries.ts";

let skopeo: Skopeo;
const folder = useDirectory();
let store: LayoutStore;

beforeAll(async () => {
  skopeo = await fetchDebianSkopeo({ cacheDirectory: join(cacheDirectory(), "debian") });
});

beforeEach(() => {
  store = createLayoutStore({ directory: join(folder, "layout") });
});

const latest = parseTag("latest");

async function putBlob(bytes: Uint8Array, mediaType: string = mediaTypes.octetStream): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await store.put(descriptor, bytes);
  return descriptor;
}

/** As a target of dtuf lies in a repository: an artifact with the empty config. */
async function putArtifact(layers: readonly Uint8Array[]): Promise<ManifestContent> {
  await store.put(emptyConfig, emptyConfigBytes);
  const manifest = encodeImageManifest({
    artifactType: "application/vnd.dtuf.target.v1",
    layers: await Promise.all(layers.map((bytes) => putBlob(bytes))),
  });
  await store.put(manifest.descriptor, manifest.bytes, { tags: [latest] });
  return manifest;
}

const layers = [randomBytes(100_000), randomBytes(3), Buffer.from("the same"), Buffer.from("the same")];

describe("skopeo and the layout store", () => {
  test("skopeo shows the very manifest that was put", async () => {
    const { bytes } = await putArtifact(layers);
    expect(await skopeo.run(["inspect", "--raw", `oci:${folder}/layout:latest`])).toBe(Buffer.from(bytes).toString());
  });

  test("skopeo copies an artifact out of the layout, blob for blob", async () => {
    const { bytes } = await putArtifact(layers);
    await skopeo.run(["copy", "--preserve-digests", `oci:${folder}/layout:latest`, `dir:${folder}/out`]);
    expect(await readFile(join(folder, "out/manifest.json"))).toEqual(Buffer.from(bytes));
    for (const layer of layers) {
      expect(await readFile(join(folder, "out", digestHex(digestOf(layer))))).toEqual(layer);
    }
  });

  test("skopeo pushes it to a registry, where it is the same", async () => {
    const { bytes, descriptor } = await putArtifact(layers);
    const { host, origin } = registryOf("plain");
    const repository = uniqueRepository("skopeo");
    const target = `docker://${host}/${repository}:latest`;
    await skopeo.run(["copy", "--dest-tls-verify=false", `oci:${folder}/layout:latest`, target]);
    const got = await fetch(`${origin}/v2/${repository}/manifests/${descriptor.digest}`, {
      headers: { accept: mediaTypes.imageManifest },
    });
    expect(Buffer.from(await got.arrayBuffer())).toEqual(Buffer.from(bytes));
  });

  test("the store reads what skopeo wrote, beside its own and into a layout of skopeo's", async () => {
    const { bytes, descriptor } = await putArtifact(layers);
    const from = `oci:${folder}/layout:latest`;
    await skopeo.run(["copy", "--preserve-digests", from, `oci:${folder}/layout:second`]);
    await skopeo.run(["copy", "--preserve-digests", from, `oci:${folder}/other:first`]);
    const tags = new Set<string>();
    for await (const tag of store.listTags()) tags.add(tag);
    expect(tags).toEqual(new Set(["latest", "second"]));

    const other = createLayoutStore({ directory: join(folder, "other") });
    const resolved = await other.resolve(parseTag("first"), { want: "bytes" });
    expect(resolved?.descriptor.digest).toBe(descriptor.digest);
    expect(Buffer.from(resolved?.bytes ?? [])).toEqual(Buffer.from(bytes));
    const manifest = parseManifest(resolved?.bytes ?? new Uint8Array());
    const read = manifest.kind === "manifest" ? manifest.layers : [];
    for (const [index, layer] of read.entries()) {
      const stream = await other.open(layer);
      expect(stream === undefined ? undefined : await buffer(stream)).toEqual(layers[index]);
    }
    expect(read).toHaveLength(layers.length);
  });

  test("skopeo deletes nothing that the store had, and the store goes on in what skopeo changed", async () => {
    await putArtifact(layers);
    await skopeo.run(["copy", `oci:${folder}/layout:latest`, `oci:${folder}/layout:second`]);
    const { descriptor } = await putArtifact([Buffer.from("the next release")]);
    expect((await store.resolve(latest, { want: "digest" }))?.descriptor.digest).toBe(descriptor.digest);
    const shown = await skopeo.run(["inspect", "--raw", `oci:${folder}/layout:second`]);
    expect(JSON.parse(shown)).toMatchObject({ layers: layers.map((layer) => ({ digest: digestOf(layer) })) });
  });
});
