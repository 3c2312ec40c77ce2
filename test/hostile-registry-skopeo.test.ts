/** The tests' own registry is a registry: a client that knows nothing of it pushes, lists, pulls and deletes. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { digestHex, digestOf, encodeImageManifest, emptyConfig, emptyConfigBytes } from "@dtuf/registry";
import { fetchDebianSkopeo, type Skopeo } from "@dtuf/testing/machines/debian-skopeo";
import { createHostileRegistry } from "@dtuf/testing/hostile-registry/hostile-registry";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { cacheDirectory } from "./setup/registries.ts";

let skopeo: Skopeo;
const folder = useDirectory();

beforeAll(async () => {
  skopeo = await fetchDebianSkopeo({ cacheDirectory: join(cacheDirectory(), "debian") });
});

/** An image in skopeo's own directory form. */
async function writeImage(layer: Uint8Array): Promise<Buffer> {
  const descriptor = { mediaType: "application/octet-stream", digest: digestOf(layer), size: layer.length };
  const { bytes } = encodeImageManifest({ artifactType: "text/plain", layers: [descriptor] });
  await writeFile(join(folder, "version"), "Directory Transport Version: 1.1\n");
  await writeFile(join(folder, "manifest.json"), bytes);
  await writeFile(join(folder, digestHex(emptyConfig.digest)), emptyConfigBytes);
  await writeFile(join(folder, digestHex(descriptor.digest)), layer);
  return Buffer.from(bytes);
}

test.each(["absolute", "relative"] as const)("skopeo works with it, Locations %s", async (locations) => {
  const auth = { kind: "bearer", users: { alice: "secret" } } as const;
  await using registry = await createHostileRegistry({ auth, locations });
  const manifest = await writeImage(Buffer.from("a layer"));
  const there = `docker://${registry.host}/fred/demo:v1`;
  const creds = "alice:secret";
  const push = ["--preserve-digests", "--dest-tls-verify=false", "--dest-creds", creds, `dir:${folder}`, there];
  await skopeo.run(["copy", ...push]);
  expect(registry.repository("fred/demo").tags.get("v1")).toBe(digestOf(manifest));

  const tags = await skopeo.run(["list-tags", "--tls-verify=false", there.slice(0, -":v1".length)]);
  expect(JSON.parse(tags)).toMatchObject({ Tags: ["v1"] });

  const pulled = join(folder, "pulled");
  await skopeo.run(["copy", "--preserve-digests", "--src-tls-verify=false", there, `dir:${pulled}`]);
  expect(await readFile(join(pulled, "manifest.json"))).toEqual(manifest);

  await skopeo.run(["delete", "--tls-verify=false", "--creds", creds, there]);
  expect(registry.repository("fred/demo").manifests.size).toBe(0);
  expect(registry.violations).toEqual([]);
});
