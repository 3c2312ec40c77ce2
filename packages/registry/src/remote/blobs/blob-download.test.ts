import { createHash, randomBytes } from "node:crypto";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { blobOf, sourceOf } from "@dtuf/testing/oci-content";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { ByteStream } from "../../content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDigest, type Digest } from "../../oci/digest.ts";
import { collect } from "../../verifying.ts";

const blobPath = /\/blobs\/sha/;
const bytes = randomBytes(1_000_000);
const blob = blobOf(bytes);

async function createWithBlob(options: Parameters<typeof createRemoteRepository>[0] = {}): Promise<RemoteRepository> {
  const remote = await createRemoteRepository(options);
  remote.registry.repository("fred/demo").blobs.set(blob.digest, bytes);
  return remote;
}

async function read(stream: ByteStream | undefined): Promise<Buffer> {
  return Buffer.from(await collect(stream ?? fail(), 10_000_000));
}

function fail(): never {
  throw new TypeError("nothing to read");
}

async function pull(remote: RemoteRepository, descriptor: Descriptor = blob): Promise<Buffer> {
  return read(await remote.store.open(descriptor));
}

/** The error code, and the bytes before it. */
async function failure(stream: ByteStream | undefined): Promise<{ code: unknown; details: unknown; received: number }> {
  let received = 0;
  try {
    for await (const chunk of stream ?? fail()) received += chunk.length;
  } catch (error) {
    const { code, details } = error as { code?: unknown; details?: unknown };
    return { code, details, received };
  }
  return { code: "no error", details: {}, received };
}

describe("a download that is cut", () => {
  test.each(["fin", "rst"] as const)("resumes at the last good byte, ten times (%s)", async (how) => {
    await using remote = await createWithBlob();
    const rule = remote.registry.script({
      match: { method: "GET", path: blobPath },
      times: 10,
      fault: { kind: "cut", afterBytes: 90_000, how },
    });
    expect(bytes.equals(await pull(remote))).toBe(true);
    expect(rule.harmed).toBe(10);
    expect(remote.registry.violations).toEqual([]);
    const ranges = remote.registry.requests.map(({ headers }) => headers.range).slice(1);
    expect(ranges.every((range) => /^bytes=\d+-$/.test(range ?? ""))).toBe(true);
  });

  test("asks the registry again, and not the address it was redirected to", async () => {
    await using elsewhere = await createWithBlob();
    await using remote = await createWithBlob();
    const path = `/v2/fred/demo/blobs/${blob.digest}`;
    remote.registry.script({
      match: { method: "GET", path: blobPath },
      fault: { kind: "redirect", location: `${elsewhere.registry.origin}${path}` },
    });
    elsewhere.registry.script({ match: { nth: 1 }, fault: { kind: "cut", afterBytes: 300_000 } });
    expect(bytes.equals(await pull(remote))).toBe(true);
    expect(remote.asked()).toEqual([`GET ${path}`, `GET ${path}`]);
    expect(elsewhere.registry.requests[1]?.headers.range).toBe("bytes=300000-");
  });

  test("skips the known bytes if the registry ignores Range", async () => {
    await using remote = await createWithBlob();
    remote.registry.script({ match: { nth: 1 }, fault: { kind: "cut", afterBytes: 300_000 } });
    remote.registry.script({ fault: { kind: "ignore-range" } });
    expect(bytes.equals(await pull(remote))).toBe(true);
  });

  test("fails if the content has changed between two attempts", async () => {
    await using remote = await createWithBlob();
    const { blobs } = remote.registry.repository("fred/demo");
    const other = () => void blobs.set(blob.digest, randomBytes(bytes.length));
    remote.registry.script({ match: { nth: 1 }, fault: { kind: "cut", afterBytes: 300_000 } });
    remote.registry.script({ match: { nth: 2 }, fault: { kind: "run", run: other } });
    expect(await failure(await remote.store.open(blob))).toMatchObject({ code: "OCI_DIGEST_MISMATCH" });
  });

  test("fails at once if the ETag shows that the content has changed [T114]", async () => {
    await using remote = await createWithBlob();
    const tagged = (etag: string) => ({ kind: "change", headers: { etag } }) as const;
    remote.registry.script({ match: { nth: 1 }, fault: [{ kind: "cut", afterBytes: 300_000 }, tagged('"one"')] });
    remote.registry.script({ match: { nth: 2 }, fault: tagged('"two"') });
    const { code, received } = await failure(await remote.store.open(blob));
    expect({ code, received }).toEqual({ code: "OCI_RESPONSE_INVALID", received: 300_000 });
  });

  test.each([
    ["begins at another offset", "bytes 5-999999/1000000", "OCI_RESPONSE_INVALID"],
    ["is not a range", "pages 1-2", "OCI_RESPONSE_INVALID"],
    ["is of another size", "bytes 300000-999999/2000000", "OCI_SIZE_MISMATCH"],
  ])("fails if the range that is sent %s", async (_how, range, wanted) => {
    await using remote = await createWithBlob();
    remote.registry.script({ match: { nth: 1 }, fault: { kind: "cut", afterBytes: 300_000 } });
    remote.registry.script({ match: { nth: 2 }, fault: { kind: "change", headers: { "content-range": range } } });
    expect(await failure(await remote.store.open(blob))).toMatchObject({ code: wanted, received: 300_000 });
  });

  test("fails with the number of missing bytes if it is cut repeatedly without progress", async () => {
    await using remote = await createWithBlob();
    remote.registry.script({ match: { method: "GET" }, fault: { kind: "cut", afterBytes: 10 } });
    const { code, details } = await failure(await remote.store.open(blob));
    expect(code).toBe("OCI_UNAVAILABLE");
    expect(details).toMatchObject({ digest: blob.digest, wanted: bytes.length });
    expect(remote.registry.requests.length).toBeLessThan(10);
  });

  test("has one budget with its resuming requests that are refused", async () => {
    await using remote = await createWithBlob();
    remote.registry.script({ match: { nth: 1 }, fault: { kind: "cut", afterBytes: 10 } });
    remote.registry.script({ match: { nth: 2 }, times: 100, fault: { kind: "answer", status: 503 } });
    expect(await failure(await remote.store.open(blob))).toMatchObject({ code: "OCI_UNAVAILABLE" });
    expect(remote.registry.requests).toHaveLength(5);
  });

  test("does not wait before it resumes after progress", async () => {
    const waits: number[] = [];
    const sleep = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms));
    await using remote = await createWithBlob({ client: { sleep } });
    remote.registry.script({ match: { method: "GET" }, times: 3, fault: { kind: "cut", afterBytes: 200_000 } });
    expect(bytes.equals(await pull(remote))).toBe(true);
    expect(waits).toEqual([]);
  });

  test("may resume at another address, whose ETags are not compared", async () => {
    await using elsewhere = await createWithBlob();
    await using remote = await createWithBlob();
    const location = `${elsewhere.registry.origin}/v2/fred/demo/blobs/${blob.digest}`;
    remote.registry.script({ match: { nth: 1 }, fault: { kind: "redirect", location } });
    remote.registry.script({ match: { nth: 2 }, fault: { kind: "change", headers: { etag: '"other"' } } });
    elsewhere.registry.script({ fault: { kind: "cut", afterBytes: 300_000 } });
    expect(bytes.equals(await pull(remote))).toBe(true);
  });

  test("fails if the content disappears", async () => {
    await using remote = await createWithBlob();
    const { blobs } = remote.registry.repository("fred/demo");
    remote.registry.script({ match: { nth: 1 }, fault: { kind: "cut", afterBytes: 300_000 } });
    remote.registry.script({ match: { nth: 2 }, fault: { kind: "run", run: () => blobs.clear() } });
    expect(await failure(await remote.store.open(blob))).toMatchObject({ code: "OCI_NOT_FOUND" });
  });

  test("resumes in another process with the existing bytes", async () => {
    await using remote = await createWithBlob();
    const rest = await remote.store.openRest(blob, sourceOf(bytes.subarray(0, 400_000), 64_000).open(0));
    expect(bytes.subarray(400_000).equals(await read(rest))).toBe(true);
    expect(remote.registry.requests.at(-1)?.headers.range).toBe("bytes=400000-");
  });

  test("does not resume after bytes that are not the content's", async () => {
    await using remote = await createWithBlob();
    const rest = await remote.store.openRest(blob, sourceOf(randomBytes(400_000), 64_000).open(0));
    expect(await failure(rest)).toMatchObject({ code: "OCI_DIGEST_MISMATCH" });
    await expectRefused(
      remote.store.openRest(blob, sourceOf(randomBytes(1_000_001), 64_000).open(0)),
      "OCI_SIZE_MISMATCH",
    );
  });

  test("is complete without a request if every byte is there", async () => {
    await using remote = await createWithBlob();
    const rest = await remote.store.openRest(blob, sourceOf(bytes, 64_000).open(0));
    expect(await read(rest)).toEqual(Buffer.alloc(0));
    expect(remote.asked()).toEqual([]);
  });
});

describe("a registry that lies about lengths", () => {
  test("is reported: the error of a short body names digest, wanted and received size", async () => {
    await using remote = await createWithBlob();
    remote.registry.repository("fred/demo").blobs.set(blob.digest, bytes.subarray(0, 700_000));
    const { code, details } = await failure(await remote.store.open(blob));
    expect(code).toBe("OCI_SIZE_MISMATCH");
    expect(details).toEqual({ digest: blob.digest, wanted: 1_000_000, got: 700_000 });
    const { requests } = remote.registry;
    expect(requests.map(({ status }) => status).filter((status) => status === 200).length).toBeGreaterThan(1);
    expect(requests.length).toBeLessThan(10);
  });

  test("is harmless if the next attempt after a short body is complete", async () => {
    await using remote = await createWithBlob();
    const short = (body: Uint8Array): Uint8Array => body.subarray(0, 1000);
    remote.registry.script({ match: { method: "GET", nth: 1 }, fault: { kind: "change", body: short } });
    expect(bytes.equals(await pull(remote))).toBe(true);
    expect(remote.registry.connections).toBe(2); // the retry does not ask the same server again (R8)
  });

  test("is refused before its body is read if it announces more [T69]", async () => {
    await using remote = await createWithBlob();
    const huge = randomBytes(2_000_000);
    remote.registry.script({ match: { method: "GET" }, fault: { kind: "change", body: huge } });
    expect(await failure(await remote.store.open(blob))).toMatchObject({ code: "OCI_SIZE_MISMATCH", received: 0 });
  });

  test("costs no memory: a tiny body under a huge declared size fails by its size [T69]", async () => {
    await using remote = await createWithBlob();
    const huge = { ...blob, size: Number.MAX_SAFE_INTEGER };
    expect(await failure(await remote.store.open(huge))).toMatchObject({
      code: "OCI_SIZE_MISMATCH",
      received: bytes.length,
    });
  });
});

describe("content", () => {
  test("of another digest is refused, even if the header claims the requested one [T77]", async () => {
    await using remote = await createWithBlob();
    remote.registry.repository("fred/demo").blobs.set(blob.digest, randomBytes(bytes.length));
    expect(await failure(await remote.store.open(blob))).toMatchObject({ code: "OCI_DIGEST_MISMATCH" });
  });

  test("is verified by sha512 if its digest is one", async () => {
    await using remote = await createRemoteRepository();
    const digest = parseDigest(`sha512:${createHash("sha512").update(bytes).digest("hex")}`);
    remote.registry.repository("fred/demo").blobs.set(digest, bytes);
    expect(bytes.equals(await pull(remote, { ...blob, digest }))).toBe(true);
  });

  test("of unknown size is found, and opened in one request", async () => {
    await using remote = await createWithBlob();
    expect(await remote.store.findBlob(blob.digest)).toMatchObject({ digest: blob.digest, size: bytes.length });
    remote.registry.clearLog();
    const opened = await remote.store.openBlob(blob.digest);
    expect(bytes.equals(await read(opened?.stream))).toBe(true);
    expect(remote.registry.requests).toHaveLength(1);
  });

  test("is found if a cache answers 404 to HEAD", async () => {
    await using remote = await createWithBlob();
    remote.registry.script({ match: { method: "HEAD" }, fault: { kind: "answer", status: 404 } });
    expect(await remote.store.findBlob(blob.digest)).toMatchObject({ size: bytes.length });
  });

  test.each(["sha256:../../x", "sha256:ABC", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256", ""])(
    "is never requested by %j [T67]",
    async (text) => {
      await using remote = await createWithBlob();
      const bad = text as Digest;
      await expectRefused(remote.store.open({ ...blob, digest: bad }), "OCI_DIGEST_INVALID");
      await expectRefused(remote.store.deleteBlob(bad), "OCI_DIGEST_INVALID");
      expect(remote.asked()).toEqual([]);
    },
  );
});
