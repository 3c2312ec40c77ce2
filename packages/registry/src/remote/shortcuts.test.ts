/** Request-saving methods at registries that do not support them: the longer method is used and remembered. */
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { emptyConfig, emptyConfigBytes, encodeImageManifest } from "../oci/manifest.ts";
import { parseTag } from "../oci/tag.ts";
import { collect } from "../verifying.ts";

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

describe("HEAD that does not find an existing manifest", () => {
  test.each([403, 404, 405, 500])("%i: a GET is sent", async (status) => {
    await using remote = await createRemoteRepository();
    await putImage(remote);
    remote.registry.script({ match: { method: "HEAD", path: /manifests/ }, fault: { kind: "answer", status } });
    const found = await remote.store.resolve(v1, { want: "digest" });
    expect(found?.descriptor.digest).toBe(manifest.descriptor.digest);
    expect(await remote.store.has(manifest.descriptor)).toBe(true);
  });

  test("is believed after one check: a missing manifest costs one GET more per client, not per tag", async () => {
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

describe("a blob without Content-Length", () => {
  const chunked = { kind: "change", headers: { "content-length": null, "transfer-encoding": "chunked" } } as const;

  test("is pulled: its size comes from the manifest, or from reading it once", async () => {
    await using remote = await createRemoteRepository();
    await putImage(remote);
    remote.registry.script({ match: { path: /blobs\/sha/ }, fault: chunked });
    const known = await remote.store.open(blob);
    expect(known && Buffer.from(await collect(known, 100))).toEqual(bytes);
    const opened = await remote.store.openBlob(blob.digest);
    expect(opened?.descriptor.size).toBe(blob.size);
    expect(opened && Buffer.from(await collect(opened.stream, 100))).toEqual(bytes);
  });

  test("with another digest is refused", async () => {
    await using remote = await createRemoteRepository();
    await putImage(remote);
    remote.registry.script({ match: { path: /blobs\/sha/ }, fault: [chunked, { kind: "change", body: "other" }] });
    await expectRefused(remote.store.openBlob(blob.digest), "OCI_DIGEST_MISMATCH");
  });
});

test("a web page instead of a blob is reported as one, and requested HTML is content", async () => {
  await using remote = await createRemoteRepository();
  await putImage(remote);
  const headers = { "content-type": "text/html; charset=utf-8" };
  remote.registry.script({ match: { path: /blobs\/sha/ }, fault: { kind: "change", headers, body: "<html>sign in" } });
  const stream = await remote.store.open(blob);
  await expectRefused(stream && collect(stream, 100), "OCI_RESPONSE_INVALID", {
    message: expect.stringContaining("web page") as string,
  });
  remote.registry.clearScript();
  remote.registry.script({ match: { path: /blobs\/sha/ }, fault: { kind: "change", headers } });
  const html = await remote.store.open(blob);
  expect(html && Buffer.from(await collect(html, 100))).toEqual(bytes);
});

test.each(["a tag", "a digest", "the list of tags"])(
  "a web page as the answer to %s is reported as a web page, not as a broken manifest",
  async (what) => {
    await using remote = await createRemoteRepository();
    await putImage(remote);
    const headers = { "content-type": "text/html" };
    remote.registry.script({
      match: { path: /manifests|tags/ },
      fault: { kind: "change", headers, body: "<html>sign in" },
    });
    const name = what === "a tag" ? v1 : manifest.descriptor.digest;
    const asked =
      what === "the list of tags"
        ? Array.fromAsync(remote.store.listTags())
        : remote.store.resolve(name, { want: "bytes" });
    await expectRefused(asked, "OCI_RESPONSE_INVALID", {
      message: expect.stringContaining("a web page (text/html)") as string,
    });
  },
);

describe("content in the PUT that closes an upload", () => {
  test.each([400, 404])(
    "is refused with %i: it is sent in PATCH before an empty PUT, for the next blob at once",
    async (status) => {
      await using remote = await createRemoteRepository();
      const where = ({ method, headers }: { method: string; headers: Record<string, unknown> }): boolean =>
        method === "PUT" && headers["content-length"] !== "0";
      remote.registry.script({ match: { where, path: /uploads/ }, fault: { kind: "answer", status } });
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
  "a mount whose token is refused with %i is replaced by an upload and not tried again",
  async (status) => {
    await using remote = await createRemoteRepository({ auth: { kind: "bearer", users: {}, anonymous: "pull" } });
    remote.registry.script({ match: { path: /^\/token.*secret/ }, fault: { kind: "answer", status } });
    expect(await remote.store.mount(blob, "secret/source")).toBe(false);
    remote.registry.clearLog();
    expect(await remote.store.mount(blob, "secret/source")).toBe(false);
    expect(remote.asked()).toEqual([]);
  },
);
