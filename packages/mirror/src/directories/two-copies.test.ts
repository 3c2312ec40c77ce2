/** Two copies into one directory of skopeo's form at once. */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  digestHex,
  digestOf,
  emptyConfig,
  emptyConfigBytes,
  encodeImageManifest,
  parseTag,
  type Descriptor,
  type ManifestContent,
} from "@dtuf/registry";
import { blobOf, randomContent } from "@dtuf/testing/oci-content";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { copyImage, type CopyImageOptions, type CopyImageResult } from "../copy-image.ts";

let remote: RemoteRepository;
const home = useDirectory();
let directory: string;
beforeEach(async () => {
  remote = await createRemoteRepository();
  directory = join(home, "image");
});
afterEach(() => remote[Symbol.asyncDispose]());

async function putImage(tag: string): Promise<ManifestContent & { readonly layers: readonly Descriptor[] }> {
  const contents = [randomContent(20), randomContent(20)];
  for (const bytes of [emptyConfigBytes, ...contents]) await remote.store.put(blobOf(bytes), bytes);
  const layers = contents.map((bytes) => blobOf(bytes));
  const manifest = encodeImageManifest({ artifactType: "application/vnd.example.two", layers });
  await remote.store.put(manifest.descriptor, manifest.bytes, { tags: [parseTag(tag)] });
  return { ...manifest, layers: [emptyConfig, ...layers] };
}

/** The registry answers the request for the blob after `open` is called. */
function gate({ digest }: Descriptor): { readonly asked: Promise<void>; open(): void } {
  const [asked, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const run = (): Promise<void> => {
    asked.resolve();
    return opened.promise;
  };
  remote.registry.script({ match: { method: "GET", path: new RegExp(digest) }, fault: { kind: "run", run } });
  return { asked: asked.promise, open: opened.resolve };
}

const copy = (tag: string, options: CopyImageOptions = {}): Promise<CopyImageResult> =>
  copyImage(`${remote.registry.host}/fred/demo:${tag}`, `dir:${directory}`, {
    source: { scheme: "http", home },
    concurrency: 1,
    ...options,
  });

async function expectWhole({ bytes, layers }: Awaited<ReturnType<typeof putImage>>): Promise<void> {
  expect(await readFile(join(directory, "manifest.json"))).toEqual(Buffer.from(bytes));
  const names = layers.map(({ digest }) => digestHex(digest));
  for (const name of names) expect(digestHex(digestOf(await readFile(join(directory, name))))).toBe(name);
  expect((await readdir(directory)).toSorted()).toEqual([...names, "manifest.json", "version"].toSorted());
}

test("the second waits for the first, and its image is whole", async () => {
  const [first, second] = [await putImage("1"), await putImage("2")];
  const [firstLast, secondLast] = [first, second].map(({ layers }) => gate(layers.at(-1) ?? blobOf(Buffer.of())));
  const waiting = Promise.withResolvers<void>();
  const copies = [copy("1")];
  await firstLast?.asked;
  copies.push(copy("2", { onLockWait: () => waiting.resolve() }));
  await Promise.race([secondLast?.asked, waiting.promise]);
  firstLast?.open();
  expect(await copies[0]).toMatchObject({ status: "copied" });
  secondLast?.open();
  expect(await copies[1]).toMatchObject({ status: "copied" });
  await expectWhole(second);
});

test("a lock that a killed run left keeps nobody out, and goes", async () => {
  const image = await putImage("1");
  await mkdir(directory);
  await writeFile(join(directory, ".dtuf-lock"), "");
  await copy("1");
  await expectWhole(image);
});
