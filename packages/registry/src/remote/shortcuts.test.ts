/** Ways that spare requests, at registries where they fail: the work goes on the long way, which is then remembered. */
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { describe, expect, test } from "vitest";
import { digestOf } from "../digest.ts";
import { emptyConfig, emptyConfigBytes, encodeImageManifest } from "../manifest.ts";
import { parseTag } from "../tag.ts";

const bytes = Buffer.from("Hello World\n");
const blob = { mediaType: "text/plain", digest: digestOf(bytes), size: bytes.length };
const manifest = encodeImageManifest({ artifactType: "application/vnd.example.hello", layers: [blob] });
const v1 = parseTag("v1");

async function putImage({ store }: RemoteRepository): Promise<void> {
  await store.put(blob, bytes);
  await store.put(emptyConfig, emptyConfigBytes);
  await store.put(manifest.descriptor, manifest.bytes, { tags: [v1] });
}

const count = (remote: RemoteRepository, what: RegExp): number =>
  remote.asked().filter((each) => what.test(each)).length;

describe("HEAD of a manifest that denies what is there", () => {
  test.each([403, 404, 405, 500])("%i: a GET is asked", async (status) => {
    await using remote = await createRemoteRepository();
    await putImage(remote);
    remote.registry.script({ match: { method: "HEAD", path: /manifests/ }, fault: { kind: "answer", status } });
    const found = await remote.store.resolve(v1, { want: "digest" });
    expect(found?.descriptor.digest).toBe(manifest.descriptor.digest);
    expect(await remote.store.has(manifest.descriptor)).toBe(true);
  });

  test("tells the truth once it was checked: what is absent costs one GET more for a client, not for each tag", async () => {
    await using remote = await createRemoteRepository();
    await putImage(remote);
    remote.registry.clearLog();
    for (const tag of ["a", "b", "c"]) {
      expect(await remote.store.resolve(parseTag(tag), { want: "digest" })).toBeUndefined();
    }
    expect([count(remote, /^HEAD .*manifests/), count(remote, /^GET .*manifests/)]).toEqual([3, 1]);
  });
});

describe("HEAD of a blob", () => {
  test.each([
    ["is refused", { kind: "answer", status: 403 }],
    ["says a length of 0", { kind: "change", headers: { "content-length": "0" } }],
  ] as const)("that %s: the size comes from a GET", async (_what, fault) => {
    await using remote = await createRemoteRepository();
    await putImage(remote);
    remote.registry.script({ match: { method: "HEAD", path: /blobs/ }, fault });
    expect(await remote.store.findBlob(blob.digest)).toMatchObject({ size: blob.size });
  });
});

describe("content in the PUT that closes an upload", () => {
  test.each([400, 404])(
    "is refused with %i: it goes in PATCH before an empty PUT, and the next blob at once",
    async (status) => {
      await using remote = await createRemoteRepository();
      const where = ({ method, headers }: { method: string; headers: Record<string, unknown> }): boolean =>
        method === "PUT" && headers["content-length"] !== "0";
      remote.registry.script({ match: { where: where as never, path: /uploads/ }, fault: { kind: "answer", status } });
      await remote.store.put(blob, bytes);
      remote.registry.clearLog();
      await remote.store.put(emptyConfig, emptyConfigBytes);
      expect([count(remote, /^PATCH /), count(remote, /^PUT /)]).toEqual([1, 1]);
      expect(remote.registry.violations).toEqual([]);
    },
  );
});

test.each([200, 202])("a manifest that is stored with status %i is stored", async (status) => {
  await using remote = await createRemoteRepository();
  remote.registry.script({ match: { method: "PUT", path: /manifests/ }, fault: { kind: "change", status } });
  await putImage(remote);
  expect((await remote.store.resolve(v1, { want: "digest" }))?.descriptor.digest).toBe(manifest.descriptor.digest);
});

test.each([400, 401, 403, 404])(
  "a mount whose token is refused with %i is no mount, and is not asked for again",
  async (status) => {
    await using remote = await createRemoteRepository({ auth: { kind: "bearer", users: {}, anonymous: "pull" } });
    remote.registry.script({ match: { path: /^\/token.*secret/ }, fault: { kind: "answer", status } });
    expect(await remote.store.mount(blob, "secret/source")).toBe(false);
    remote.registry.clearLog();
    expect(await remote.store.mount(blob, "secret/source")).toBe(false);
    expect(remote.asked()).toEqual([]);
  },
);
