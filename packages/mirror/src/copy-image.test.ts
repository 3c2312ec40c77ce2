import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  digestOf,
  emptyConfig,
  emptyConfigBytes,
  encodeImageIndex,
  encodeImageManifest,
  parseTag,
  type Descriptor,
} from "@dtuf/registry";
import { withLock, type LockWait } from "@dtuf/registry/files";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createHostileRegistry } from "@dtuf/testing";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, expect, test } from "vitest";
import { copyImage } from "./copy-image.ts";
import { createDestinations } from "./destinations/destinations.ts";

const directory = useDirectory();
let image: Descriptor;

beforeEach(async () => {
  const bytes = Buffer.from("Hello World\n");
  const layer = { mediaType: "text/plain", digest: digestOf(bytes), size: bytes.length };
  const encoded = encodeImageManifest({ artifactType: "application/vnd.example.hello", layers: [layer] });
  const store = createLayoutStore({ directory: join(directory, "from") });
  await store.put(layer, bytes);
  await store.put(emptyConfig, emptyConfigBytes);
  await store.put(encoded.descriptor, encoded.bytes, { tags: [parseTag("v1")] });
  image = encoded.descriptor;
});

test("an image is copied from a layout through a registry to another layout with the same digest", async () => {
  await using registry = await createHostileRegistry();
  const plain = { scheme: "http", home: directory } as const;
  const first = await copyImage(`oci:${directory}/from:v1`, `${registry.host}/fred/demo`, { destination: plain });
  expect(first).toMatchObject({
    status: "copied",
    descriptor: { digest: image.digest },
    transferred: { manifests: 1 },
  });
  const again = await copyImage(`oci:${directory}/from:v1`, `${registry.host}/fred/demo:v1`, { destination: plain });
  expect(again).toMatchObject({ status: "unchanged", transferred: { sentBlobs: 0 } });
  const from = `docker://${registry.host}/fred/demo@${image.digest}`;
  await copyImage(from, `oci:${directory}/to:copied`, { source: plain });
  const found = await createLayoutStore({ directory: join(directory, "to") }).resolve(parseTag("copied"), {
    want: "digest",
  });
  expect(found?.descriptor.digest).toBe(image.digest);
});

test.each([
  ["a name without a tag or a digest", (at: string) => [`oci:${at}/from`, `oci:${at}/to:v1`], "MIRROR_PLACE_INVALID"],
  ["an image that does not exist", (at: string) => [`oci:${at}/from:v2`, `oci:${at}/to:v1`], "MIRROR_IMAGE_MISSING"],
  ["an archive", (at: string) => [`oci-archive:${at}/from.tar:v1`, `oci:${at}/to:v1`], "MIRROR_PLACE_INVALID"],
] as const)("%s is refused", async (_what, words, code) => {
  const [from, to] = words(directory);
  await expectRefused(copyImage(from ?? "", to ?? ""), code);
});

test.each([
  [
    "the copy of one image",
    (onLockWait: (wait: LockWait) => void) =>
      copyImage(`oci:${directory}/from:v1`, `oci:${directory}/to:v1`, { onLockWait }),
  ],
  [
    "a run's destination",
    async (onLockWait: (wait: LockWait) => void) => {
      const destinations = createDestinations({ now: () => new Date(), onLockWait });
      const to = { kind: "layout", directory: join(directory, "to"), tag: parseTag("v1"), shown: "oci:to" } as const;
      await (await destinations.locate(to)).at.store.put(emptyConfig, emptyConfigBytes);
    },
  ],
])("%s says that it waits for another process that changes the layout", async (_what, write) => {
  const to = join(directory, "to");
  await mkdir(to);
  const waited = Promise.withResolvers<LockWait>();
  let writing: Promise<unknown> | undefined;
  await withLock(join(to, ".dtuf-lock"), { wait: "fail" }, async () => {
    writing = write(waited.resolve);
    expect(await waited.promise).toMatchObject({ path: join(to, ".dtuf-lock") });
  });
  await writing;
});

test("content that an index or a manifest lists twice is copied and counted once [T153]", async () => {
  await using registry = await createHostileRegistry();
  const store = createLayoutStore({ directory: join(directory, "from") });
  const bytes = Buffer.from("Hello World\n");
  const layer = { mediaType: "text/plain", digest: digestOf(bytes), size: bytes.length };
  const twice = encodeImageManifest({ artifactType: "application/vnd.example.hello", layers: [layer, layer] });
  await store.put(twice.descriptor, twice.bytes);
  const index = encodeImageIndex({ manifests: [twice.descriptor, twice.descriptor] });
  await store.put(index.descriptor, index.bytes, { tags: [parseTag("twice")] });
  const plain = { scheme: "http", home: directory } as const;
  const copied = await copyImage(`oci:${directory}/from:twice`, `${registry.host}/fred/demo`, { destination: plain });
  expect(copied).toMatchObject({ status: "copied", transferred: { manifests: 2, sentBlobs: 2 } });
  const sent = registry.requests.filter(({ method, bodyBytes }) => method !== "GET" && bodyBytes > 0);
  expect(sent).toHaveLength(4);
});
