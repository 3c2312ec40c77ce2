import { generateKeyPairSync, sign } from "node:crypto";
import { core, putManifest } from "@dtuf/testing/oci-content";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { digestOf, type Digest } from "../../oci/digest.ts";
import { manifestReadMaxBytes } from "../../limits.ts";
import type { ManifestContent } from "../../oci/manifest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { parseTag } from "../../oci/tag.ts";
import { collect } from "../../verifying.ts";

const latest = parseTag("latest");

async function createWithManifest(
  options?: Parameters<typeof createRemoteRepository>[0],
): Promise<RemoteRepository & ManifestContent> {
  const remote = await createRemoteRepository(options);
  const manifest = await putManifest(remote.store);
  await remote.store.tag(latest, manifest.descriptor);
  remote.registry.clearLog();
  return Object.assign(remote, manifest);
}

describe("a tag", () => {
  test("resolves to a digest with one HEAD and to bytes with one GET", async () => {
    await using remote = await createWithManifest();
    const head = await remote.store.resolve(latest, { want: "digest" });
    const full = await remote.store.resolve(latest, { want: "bytes" });
    expect(head).toEqual({ descriptor: core(remote.descriptor) });
    expect(full?.bytes).toEqual(Buffer.from(remote.bytes));
    expect(remote.registry.requests.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  });

  test.each(["docker-content-digest", "content-length", "content-type"])(
    "is requested by GET if HEAD does not send %s",
    async (header) => {
      await using remote = await createWithManifest();
      remote.registry.script({ match: { method: "HEAD" }, fault: { kind: "change", headers: { [header]: null } } });
      const resolved = await remote.store.resolve(latest, { want: "digest" });
      expect(resolved?.descriptor).toEqual(core(remote.descriptor));
    },
  );

  test("whose header claims another digest than the body's is refused [T66]", async () => {
    await using remote = await createWithManifest();
    const lie = digestOf(Buffer.from("other"));
    const headers = { "docker-content-digest": lie };
    remote.registry.script({ fault: { kind: "change", headers } });
    await expectRefused(remote.store.resolve(latest, { want: "bytes" }), "OCI_DIGEST_MISMATCH", {
      details: { wanted: lie, got: remote.descriptor.digest },
    });
  });

  test("names a manifest by sha512 if the registry says so", async () => {
    await using remote = await createWithManifest();
    const digest = digestOf(remote.bytes, "sha512");
    remote.registry.script({ fault: { kind: "change", headers: { "docker-content-digest": digest } } });
    expect((await remote.store.resolve(latest, { want: "bytes" }))?.descriptor.digest).toBe(digest);
  });
});

describe("a digest", () => {
  test("that was requested is compared with the body, not with a header [T66]", async () => {
    await using remote = await createWithManifest();
    const { digest } = remote.descriptor;
    // Well formed and of the type that is announced: nothing is wrong with it but its digest.
    const other = Buffer.concat([remote.bytes, Buffer.from(" ")]);
    const headers = { "docker-content-digest": digest };
    remote.registry.script({ match: { method: "GET" }, fault: { kind: "change", headers, body: other } });
    await expectRefused(remote.store.resolve(digest, { want: "bytes" }), "OCI_DIGEST_MISMATCH");
  });

  test("of the body is accepted if a header claims another one [T66]", async () => {
    await using remote = await createWithManifest();
    const headers = { "docker-content-digest": digestOf(Buffer.from("other")) };
    remote.registry.script({ fault: { kind: "change", headers } });
    const resolved = await remote.store.resolve(remote.descriptor.digest, { want: "digest" });
    expect(resolved?.descriptor).toEqual(core(remote.descriptor));
  });

  test.each(["sha256:../../x", "sha256:ABC", "nope:1"])("is never requested as %j [T67]", async (text) => {
    await using remote = await createWithManifest();
    await expectRefused(remote.store.resolve(text as Digest, { want: "bytes" }), "OCI_DIGEST_INVALID");
    expect(remote.asked()).toEqual([]);
  });
});

describe("a manifest's body", () => {
  test("of another media type than its Content-Type is refused [T68]", async () => {
    await using remote = await createWithManifest();
    const headers = { "content-type": mediaTypes.imageIndex };
    remote.registry.script({ fault: { kind: "change", headers } });
    await expectRefused(remote.store.resolve(latest, { want: "bytes" }), "OCI_MANIFEST_INVALID");
  });

  test("without end is read up to a limit [T69]", async () => {
    await using remote = await createWithManifest();
    const body = Buffer.alloc(manifestReadMaxBytes + 1, " ");
    remote.registry.script({ fault: { kind: "change", body } });
    await expectRefused(remote.store.resolve(latest, { want: "bytes" }), "OCI_LIMIT_EXCEEDED");
  });

  test("that is cut is requested again, and one that is always cut is an error [T82]", async () => {
    await using remote = await createWithManifest();
    remote.registry.script({ match: { method: "GET", nth: 1 }, fault: { kind: "cut", afterBytes: 10 } });
    expect((await remote.store.resolve(latest, { want: "bytes" }))?.bytes).toEqual(Buffer.from(remote.bytes));
    remote.registry.script({ fault: { kind: "cut", afterBytes: 10 } });
    await expectRefused(remote.store.resolve(latest, { want: "bytes" }), "OCI_UNAVAILABLE");
  });

  test.each([
    ["shorter", (body: Uint8Array) => body.subarray(1)],
    ["longer", (body: Uint8Array) => Buffer.concat([body, Buffer.from(" ")])],
  ])("that is %s than the descriptor says errors as a stream [T82]", async (_how, body) => {
    await using remote = await createWithManifest();
    remote.registry.script({ match: { method: "GET" }, fault: { kind: "change", body } });
    const stream = await remote.store.open(remote.descriptor);
    await expectRefused(stream && collect(stream, remote.descriptor.size), "OCI_SIZE_MISMATCH");
  });
});

describe("a push", () => {
  const tags = ["one", "two", "three"].map(parseTag);

  test("sets many tags in one request if the registry supports it", async () => {
    await using remote = await createWithManifest();
    await remote.store.put(remote.descriptor, remote.bytes, { tags });
    expect(remote.registry.requests).toHaveLength(1);
    const named = remote.registry.repository("fred/demo").tags;
    expect(tags.map((tag) => named.get(tag))).toEqual(tags.map(() => remote.descriptor.digest));
  });

  test("sets them one by one, in order, if it does not, and remembers that", async () => {
    await using remote = await createWithManifest({ without: ["multi-tag"] });
    await remote.store.put(remote.descriptor, remote.bytes, { tags });
    await remote.store.put(remote.descriptor, remote.bytes, { tags });
    const path = `PUT /v2/fred/demo/manifests/`;
    const each = tags.map((tag) => `${path}${tag}`);
    expect(remote.asked()).toEqual([`${path}${remote.descriptor.digest}`, ...each, ...each]);
  });

  test("sets the tags itself that the registry left out", async () => {
    await using remote = await createWithManifest();
    remote.registry.script({ match: { nth: 1 }, fault: { kind: "change", headers: { "oci-tag": ["one", "three"] } } });
    await remote.store.put(remote.descriptor, remote.bytes, { tags });
    expect(remote.asked().slice(1)).toEqual(["two", "three"].map((tag) => `PUT /v2/fred/demo/manifests/${tag}`));
  });

  test("fails if the registry says that it stored another digest [T77]", async () => {
    await using remote = await createWithManifest();
    const headers = { "docker-content-digest": digestOf(Buffer.from("other")) };
    remote.registry.script({ match: { method: "PUT" }, fault: { kind: "change", headers } });
    await expectRefused(remote.store.put(remote.descriptor, remote.bytes), "OCI_DIGEST_MISMATCH");
  });

  test("of a sha512 digest uses that digest", async () => {
    await using remote = await createWithManifest();
    const descriptor = { ...remote.descriptor, digest: digestOf(remote.bytes, "sha512") };
    await remote.store.put(descriptor, remote.bytes, { tags: [parseTag("one")] });
    expect(remote.asked()[0]).toBe(`PUT /v2/fred/demo/manifests/${descriptor.digest}`);
  });

  test("of a wrong media type sends no request", async () => {
    await using remote = await createWithManifest();
    const descriptor = { ...remote.descriptor, mediaType: mediaTypes.imageIndex };
    await expectRefused(remote.store.put(descriptor, remote.bytes), "OCI_MANIFEST_INVALID");
    expect(remote.asked()).toEqual([]);
  });
});

describe("schema 1", () => {
  const blobSum = digestOf(Buffer.from("layer"));
  const payload = Buffer.from(
    JSON.stringify({ schemaVersion: 1, name: "fred/demo", fsLayers: [{ blobSum }] }, undefined, 3),
  );
  const signed = signAsLibtrust(payload);

  async function createWithSchema1(body: Uint8Array): Promise<RemoteRepository> {
    const remote = await createRemoteRepository();
    const headers = { "content-type": mediaTypes.dockerSchema1Signed, "docker-content-digest": digestOf(payload) };
    remote.registry.script({ match: { method: "GET" }, fault: { kind: "answer", status: 200, headers, body } });
    return remote;
  }

  test("has the digest of its signed payload", async () => {
    await using remote = await createWithSchema1(signed);
    const resolved = await remote.store.resolve(latest, { want: "bytes" });
    expect(resolved).toEqual({
      descriptor: { mediaType: mediaTypes.dockerSchema1, digest: digestOf(payload), size: payload.length },
      bytes: payload,
    });
    const stream = resolved && (await remote.store.open(resolved.descriptor));
    expect(stream && Buffer.from(await collect(stream, 10_000))).toEqual(payload);
  });

  test("with other content under its signatures is refused", async () => {
    await using remote = await createWithSchema1(
      signAsLibtrust(Buffer.from(payload.toString().replace("demo", "evil"))),
    );
    await expectRefused(remote.store.resolve(digestOf(payload), { want: "bytes" }), "OCI_DIGEST_MISMATCH");
  });

  test.each([{}, { protected: 1 }, { protected: "####" }, { protected: encode({ formatLength: -1, formatTail: "" }) }])(
    "signed with %j is refused",
    async (signature) => {
      const body = Buffer.from(payload.toString().replace(/\n\}$/, `,"signatures":[${JSON.stringify(signature)}]}`));
      await using remote = await createWithSchema1(body);
      await expectRefused(remote.store.resolve(latest, { want: "bytes" }), "OCI_MANIFEST_INVALID");
    },
  );

  test("is never written", async () => {
    await using remote = await createRemoteRepository();
    const descriptor = { mediaType: mediaTypes.dockerSchema1, digest: digestOf(payload), size: payload.length };
    await expectRefused(remote.store.put(descriptor, payload), "OCI_UNSUPPORTED");
  });
});

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** As docker/libtrust signs JSON: the signatures are put before the last bytes of the text. */
function signAsLibtrust(payload: Buffer): Buffer {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const tail = "\n}";
  const formatLength = payload.length - tail.length;
  const statement = encode({ formatLength, formatTail: Buffer.from(tail).toString("base64url") });
  const signature = sign("sha256", Buffer.from(`${statement}.${payload.toString("base64url")}`), privateKey);
  const signatures = [{ header: { alg: "ES256" }, signature: signature.toString("base64url"), protected: statement }];
  return Buffer.from(
    `${payload.subarray(0, formatLength).toString()},\n   "signatures": ${JSON.stringify(signatures)}${tail}`,
  );
}

describe("a digest that the registry answers with 500, as distribution 2.8 does for that of a blob", () => {
  const digest = digestOf(Buffer.from("a blob"));

  test("names no manifest if it is a blob's, after one GET and one HEAD", async () => {
    await using remote = await createRemoteRepository();
    remote.registry.repository("fred/demo").blobs.set(digest, Buffer.from("a blob"));
    remote.registry.script({ match: { path: /manifests/ }, fault: { kind: "answer", status: 500 } });
    expect(await remote.store.resolve(digest, { want: "bytes" })).toBeUndefined();
    expect(remote.registry.requests.map(({ method }) => method)).toEqual(["GET", "HEAD"]);
    remote.registry.clearLog();
    expect(await remote.store.resolve(digest, { want: "digest" })).toBeUndefined();
    expect(remote.registry.requests.map(({ method }) => method)).toEqual(["HEAD", "GET", "HEAD"]);
  });

  test("is requested again if it is not a blob's", async () => {
    await using remote = await createRemoteRepository();
    const rule = remote.registry.script({ match: { method: "GET" }, fault: { kind: "answer", status: 500 } });
    await expectRefused(remote.store.resolve(digest, { want: "bytes" }), "OCI_UNAVAILABLE");
    expect(rule.matched).toBe(6);
  });
});
