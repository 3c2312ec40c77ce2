import { randomBytes } from "node:crypto";
import { blobOf, sourceOf } from "@dtuf/testing/oci-content";
import type { LoggedRequest } from "@dtuf/testing";
import { rebinding } from "@dtuf/testing/http-servers";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { emptyConfig, emptyConfigBytes, encodeImageManifest } from "../../oci/manifest.ts";
import { createStaticCredentials, type Credential, type CredentialTarget } from "../credentials/credentials.ts";

const mebibyte = 1024 * 1024;
const time = { now: () => new Date(), random: () => 0.5, sleep: () => Promise.resolve() };
const bytes = randomBytes(5 * mebibyte + 17);
const blob = blobOf(bytes);
const content = sourceOf(bytes, 100_000);
const small = randomBytes(2000);

/** Whether the registry has the blob with all its bytes. */
function isStored({ registry }: RemoteRepository): boolean {
  return bytes.equals(registry.repository("fred/demo").blobs.get(blob.digest) ?? small);
}

function methods({ registry }: RemoteRepository): readonly string[] {
  return registry.requests.map(({ method }) => method);
}

const chunked = (chunkBytes: number, wholeMaxBytes?: number) => ({ client: { upload: { chunkBytes, wholeMaxBytes } } });

describe("a new blob", () => {
  test("needs two requests: one that looks it up and opens the upload, and one PUT", async () => {
    await using remote = await createRemoteRepository();
    await remote.store.put(blob, content);
    expect(methods(remote)).toEqual(["POST", "PUT"]);
    expect(isStored(remote)).toBe(true);
    expect(remote.registry.violations).toEqual([]);
  });

  test("needs one request if it exists", async () => {
    await using remote = await createRemoteRepository();
    remote.registry.repository("fred/demo").blobs.set(blob.digest, bytes);
    await remote.store.put(blob, content);
    expect(methods(remote)).toEqual(["POST"]);
  });

  test("is looked up by HEAD if the registry does not mount from the same repository", async () => {
    await using remote = await createRemoteRepository();
    remote.registry.script({ match: { path: /mount=/ }, fault: { kind: "answer", status: 400 } });
    await remote.store.put(blob, content);
    await remote.store.put(blobOf(small), small);
    expect(methods(remote)).toEqual(["POST", "HEAD", "POST", "PUT", "HEAD", "POST", "PUT"]);
  });

  test("is looked up by HEAD at once if the mount from the same repository is answered with 500, as by distribution 2.8", async () => {
    await using remote = await createRemoteRepository();
    remote.registry.script({ match: { path: /mount=/ }, fault: { kind: "answer", status: 500 } });
    await remote.store.put(blob, content);
    expect(methods(remote)).toEqual(["POST", "HEAD", "POST", "PUT"]);
  });

  test("needs one request if it is small and known to be absent", async () => {
    await using remote = await createRemoteRepository();
    await remote.store.put(blobOf(small), small, { presence: "absent" });
    expect(methods(remote)).toEqual(["POST"]);
    expect(remote.registry.repository("fred/demo").blobs.size).toBe(1);
  });

  test.each([400, 404, 405, 415, 501])(
    "known to be absent is sent by PUT if the registry answers %i to content in the POST, which is remembered",
    async (status) => {
      await using remote = await createRemoteRepository();
      const path = /\?digest=/;
      remote.registry.script({ match: { method: "POST", path }, fault: { kind: "answer", status } });
      const other = Buffer.from("another");
      await remote.store.put(blobOf(small), small, { presence: "absent" });
      await remote.store.put(blobOf(other), other, { presence: "absent" });
      expect(methods(remote)).toEqual(["POST", "POST", "PUT", "POST", "PUT"]);
      expect(await remote.store.has(blobOf(other))).toBe(true);
    },
  );

  test("known to be absent is sent by PUT if the registry ignores content in the POST, which is remembered", async () => {
    await using remote = await createRemoteRepository({ without: ["single-post"] });
    const other = randomBytes(2000);
    await remote.store.put(blobOf(small), small, { presence: "absent" });
    await remote.store.put(blobOf(other), other, { presence: "absent" });
    expect(methods(remote)).toEqual(["POST", "PUT", "POST", "PUT"]);
    expect(remote.registry.requests[2]?.bodyBytes).toBe(0);
  });

  test("is sent by sha512 if its digest is one", async () => {
    await using remote = await createRemoteRepository();
    const descriptor = blobOf(small, "sha512");
    await remote.store.put(descriptor, small);
    expect([...remote.registry.repository("fred/demo").blobs.keys()]).toEqual([descriptor.digest]);
    expect(remote.registry.requests[0]?.path).toContain("digest-algorithm=sha512");
  });

  test.each(["relative", "absolute"] as const)("follows %s Locations and keeps their query", async (locations) => {
    await using remote = await createRemoteRepository({ locations });
    await remote.store.put(blob, content);
    expect(isStored(remote)).toBe(true);
    expect(remote.registry.violations).toEqual([]);
  });
});

describe("chunks", () => {
  test("follow a 413 for the whole content, and the registry's limit is remembered", async () => {
    await using remote = await createRemoteRepository({ putMaxBytes: 2 * mebibyte, ...chunked(mebibyte) });
    await remote.store.put(blob, content);
    expect(isStored(remote)).toBe(true);
    const other = Buffer.concat([bytes, small]);
    remote.registry.clearLog();
    await remote.store.put(blobOf(other), sourceOf(other, 65_000));
    expect(methods(remote).slice(0, 2)).toEqual(["POST", "PATCH"]);
    expect(remote.registry.violations).toEqual([]);
  });

  test("get smaller if a 416 says that they are too large", async () => {
    const chunkMaxBytes = mebibyte;
    await using remote = await createRemoteRepository({
      chunkMaxBytes,
      putMaxBytes: chunkMaxBytes,
      ...chunked(4 * mebibyte),
    });
    await remote.store.put(blob, content);
    expect(isStored(remote)).toBe(true);
  });

  test("are as large as OCI-Chunk-Min-Length wants, the last one in the PUT", async () => {
    await using remote = await createRemoteRepository({ chunkMinBytes: 2 * mebibyte, ...chunked(mebibyte) });
    await remote.store.put(blob, content);
    expect(isStored(remote)).toBe(true);
    expect(remote.registry.requests.map(({ method, bodyBytes }) => [method, bodyBytes])).toEqual([
      ["POST", 0],
      ["PATCH", 2 * mebibyte],
      ["PATCH", 2 * mebibyte],
      ["PUT", mebibyte + 17],
    ]);
    expect(remote.registry.violations).toEqual([]);
  });

  test("too large for memory are refused", async () => {
    await using remote = await createRemoteRepository({ chunkMinBytes: 2 ** 40 });
    await expectRefused(remote.store.put(blob, content), "OCI_LIMIT_EXCEEDED");
  });

  test("are accepted with the 201 and the standing Range that ECR answers", async () => {
    await using remote = await createRemoteRepository(chunked(2 * mebibyte, mebibyte));
    remote.registry.script({
      match: { method: "PATCH" },
      fault: { kind: "change", status: 201, headers: { range: "0-2097151" } },
    });
    await remote.store.put(blob, content);
    expect(isStored(remote)).toBe(true);
  });

  test("resume after a cut, at the offset that the registry reports", async () => {
    await using remote = await createRemoteRepository(chunked(2 * mebibyte, mebibyte));
    remote.registry.script({
      match: { method: "PATCH", nth: 2 },
      fault: { kind: "drop", when: "after", afterRequestBytes: 500_000 },
    });
    await remote.store.put(blob, content);
    expect(isStored(remote)).toBe(true);
    expect(methods(remote)).toEqual(["POST", "PATCH", "PATCH", "GET", "PATCH", "PUT"]);
    expect(remote.registry.violations).toEqual([]);
  });

  test("never end with the last one if the content is wrong", async () => {
    await using remote = await createRemoteRepository(chunked(mebibyte, mebibyte));
    const wrong = Buffer.from(bytes);
    wrong.writeUInt8((wrong.at(-1) ?? 0) ^ 1, wrong.length - 1);
    await expectRefused(remote.store.put(blob, sourceOf(wrong, 100_000)), "OCI_DIGEST_MISMATCH");
    expect(methods(remote)).not.toContain("PUT");
    expect(methods(remote).at(-1)).toBe("DELETE");
    expect(remote.registry.repository("fred/demo").uploads.size).toBe(0);
  });
});

describe("an upload", () => {
  test("starts over if the registry forgot it", async () => {
    await using remote = await createRemoteRepository();
    remote.registry.script({ match: { method: "PUT", nth: 1 }, fault: { kind: "forget-uploads" } });
    await remote.store.put(blob, content);
    expect(isStored(remote)).toBe(true);
  });

  test("starts over if the registry forgot it between chunks", async () => {
    await using remote = await createRemoteRepository(chunked(mebibyte, mebibyte));
    remote.registry.script({ match: { method: "PATCH", nth: 3 }, fault: { kind: "forget-uploads" } });
    await remote.store.put(blob, content);
    expect(isStored(remote)).toBe(true);
  });

  test("that is always forgotten ends in an error", async () => {
    await using remote = await createRemoteRepository();
    remote.registry.script({ match: { method: "PUT" }, fault: { kind: "forget-uploads" } });
    await expectRefused(remote.store.put(blob, content), "OCI_STATUS", {
      details: { digest: blob.digest, status: 404 },
    });
    // The second 404 may mean that the registry refuses content in a PUT, so the alternative is tried once too.
    expect(methods(remote).filter((method) => method === "PUT")).toHaveLength(6);
  });

  test("that was cut starts over if the registry does not report the offset", async () => {
    await using remote = await createRemoteRepository({ without: ["upload-status"] });
    remote.registry.script({
      match: { method: "PUT", nth: 1 },
      fault: { kind: "drop", when: "before", afterRequestBytes: mebibyte, how: "rst" },
    });
    await remote.store.put(blob, content);
    expect(isStored(remote)).toBe(true);
  });

  test("whose response was lost is not sent again", async () => {
    await using remote = await createRemoteRepository();
    const put = remote.registry.script({ match: { method: "PUT", nth: 1 }, fault: { kind: "drop", when: "after" } });
    await remote.store.put(blob, content);
    expect(put.matched).toBe(1);
    expect(isStored(remote)).toBe(true);
  });

  test("continues with a new token if the old one expires during it", async () => {
    await using remote = await createRemoteRepository({
      auth: { kind: "bearer", users: { fred: "secret" } },
      client: { credentials: createStaticCredentials({ kind: "basic", username: "fred", password: "secret" }) },
    });
    remote.registry.script({ match: { method: "PUT", nth: 1 }, fault: { kind: "expire-tokens" } });
    await remote.store.put(blob, content);
    expect(isStored(remote)).toBe(true);
    const puts = remote.registry.requests.filter(({ method }) => method === "PUT");
    expect(puts.map(({ status }) => status)).toEqual([401, 201]);
    expect(puts[0]?.path).toBe(puts[1]?.path);
  });

  test("to a Location on another origin sends the content there, and neither credentials nor headers [T56, T59]", async () => {
    await using elsewhere = await createRemoteRepository();
    await using remote = await createRemoteRepository({
      auth: { kind: "basic", users: { fred: "secret" } },
      client: {
        credentials: createStaticCredentials({ kind: "basic", username: "fred", password: "secret" }),
        headers: { "x-api-key": "planted" },
      },
    });
    elsewhere.registry.script({ fault: { kind: "answer", status: 201 } });
    remote.registry.script({
      match: { method: "POST" },
      fault: { kind: "change", headers: { location: `${elsewhere.registry.origin}/upload?signature=abc` } },
    });
    await remote.store.put(blobOf(small), small);
    expect(elsewhere.registry.requests).toHaveLength(1);
    const [sent] = elsewhere.registry.requests;
    expect(sent?.path).toBe(`/upload?signature=abc&digest=${encodeURIComponent(blobOf(small).digest)}`);
    expect(sent?.headers).not.toHaveProperty("authorization");
    expect(sent?.headers).not.toHaveProperty("x-api-key");
    expect(remote.registry.requests[1]?.headers["x-api-key"]).toBe("planted");
  });

  test("whose Location returns from another origin stays without credentials [T56]", async () => {
    await using elsewhere = await createRemoteRepository();
    await using remote = await createRemoteRepository({
      client: {
        credentials: createStaticCredentials({ kind: "bearer", token: "planted" }),
        upload: { chunkBytes: mebibyte, wholeMaxBytes: mebibyte },
      },
    });
    const back = `${remote.registry.origin}/v2/fred/other/blobs/uploads/1`;
    elsewhere.registry.script({ fault: { kind: "answer", status: 202, headers: { location: back } } });
    const away = `${elsewhere.registry.origin}/upload`;
    remote.registry.script({ match: { method: "POST" }, fault: { kind: "change", headers: { location: away } } });
    await expectRefused(remote.store.put(blob, content), expect.stringMatching(/^OCI_/));
    const tricked = remote.registry.requests.filter(({ path }) => path.includes("/other/"));
    expect(tricked.length).toBeGreaterThan(0);
    expect(tricked.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });

  test("to another host is restricted to that host's network if it names the next Location [T53, T56]", async () => {
    await using elsewhere = await createRemoteRepository();
    await using remote = await createRemoteRepository({
      client: {
        transport: { ...time, lookup: rebinding(), plainHttp: () => "allow" },
        upload: { chunkBytes: mebibyte, wholeMaxBytes: mebibyte },
      },
    });
    const away = `http://upload.example:${new URL(elsewhere.registry.origin).port}/upload`;
    remote.registry.script({ match: { method: "POST" }, fault: { kind: "change", headers: { location: away } } });
    const headers = { location: "/upload?next", connection: "close" };
    elsewhere.registry.script({ fault: { kind: "answer", status: 202, headers } });
    await expectRefused(remote.store.put(blob, content), "OCI_REDIRECT_REFUSED");
    expect(elsewhere.asked()).toEqual(["PATCH /upload"]);
  });

  test("has one budget: a PUT that is refused repeatedly is sent five times in total", async () => {
    const waits: number[] = [];
    const sleep = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms));
    await using remote = await createRemoteRepository({ client: { transport: { ...time, sleep }, sleep } });
    const refusal = { kind: "answer", status: 503, headers: { "retry-after": "7" } } as const;
    const put = remote.registry.script({ match: { method: "PUT" }, fault: refusal });
    await expectRefused(remote.store.put(blob, content), "OCI_UNAVAILABLE");
    expect(put.matched).toBe(5);
    expect(waits).toEqual([7000, 7000, 7000, 7000]);
  });

  test("has one budget in chunks too, also after progress in earlier sessions", async () => {
    await using remote = await createRemoteRepository({ without: ["upload-status"], ...chunked(mebibyte, mebibyte) });
    const second = (request: LoggedRequest): boolean =>
      request.headers["content-range"]?.startsWith("1048576-") === true;
    const patch = remote.registry.script({ match: { where: second }, fault: { kind: "answer", status: 502 } });
    await expectRefused(remote.store.put(blob, content), "OCI_UNAVAILABLE");
    expect(patch.matched).toBe(5);
  });

  test.each(["ftp://example.com/x", "http://user:secret@127.0.0.1:1/x", "http://169.254.169.254/latest"])(
    "does not go to %s [T56]",
    async (location) => {
      await using remote = await createRemoteRepository();
      remote.registry.script({ match: { method: "POST" }, fault: { kind: "change", headers: { location } } });
      await expectRefused(remote.store.put(blob, content), "OCI_REDIRECT_REFUSED");
    },
  );

  test("without a Location is refused", async () => {
    await using remote = await createRemoteRepository();
    remote.registry.script({ match: { method: "POST" }, fault: { kind: "change", headers: { location: null } } });
    await expectRefused(remote.store.put(blob, content), "OCI_RESPONSE_INVALID");
  });
});

describe("a mount", () => {
  test("from a named repository costs one request and asks for the right to read it", async () => {
    await using remote = await createRemoteRepository({
      auth: { kind: "bearer", users: { fred: "secret" } },
      client: { credentials: createStaticCredentials({ kind: "basic", username: "fred", password: "secret" }) },
    });
    remote.registry.repository("fred/source").blobs.set(blob.digest, bytes);
    expect(await remote.store.mount(blob, "fred/source")).toBe(true);
    expect(isStored(remote)).toBe(true);
    remote.registry.clearLog();
    const other = randomBytes(10);
    remote.registry.repository("fred/source").blobs.set(blobOf(other).digest, other);
    expect(await remote.store.mount(blobOf(other), "fred/source")).toBe(true);
    expect(methods(remote)).toEqual(["POST"]);
  });

  test("asks for no right to read a source with other credentials [T65]", async () => {
    const find = ({ repository }: CredentialTarget): Promise<Credential> => {
      const username = repository === "fred/demo" ? "fred" : "barney";
      return Promise.resolve({ kind: "basic", username, password: "secret" });
    };
    await using remote = await createRemoteRepository({
      auth: { kind: "bearer", users: { fred: "secret", barney: "secret" } },
      client: { credentials: { find } },
    });
    remote.registry.repository("fred/source").blobs.set(blob.digest, bytes);
    await remote.store.mount(blob, "fred/source");
    const tokens = remote.registry.requests.filter(({ path }) => path.startsWith("/token"));
    expect(tokens.length).toBeGreaterThan(0);
    const fred = `Basic ${Buffer.from("fred:secret").toString("base64")}`;
    for (const { path, headers } of tokens) {
      expect(headers.authorization).toBe(fred);
      expect(path).not.toContain("source");
    }
  });

  test("from any repository works if the registry searches for the blob", async () => {
    await using remote = await createRemoteRepository();
    remote.registry.repository("fred/source").blobs.set(blob.digest, bytes);
    expect(await remote.store.mount(blob)).toBe(true);
  });

  test("that is refused cancels the upload that was opened instead", async () => {
    await using remote = await createRemoteRepository();
    expect(await remote.store.mount(blob, "fred/nothing")).toBe(false);
    expect(methods(remote)).toEqual(["POST", "DELETE"]);
    expect(remote.registry.repository("fred/demo").uploads.size).toBe(0);
  });

  test("is not tried with an invalid name [T67]", async () => {
    await using remote = await createRemoteRepository();
    await expectRefused(async () => remote.store.mount(blob, "../x"), "OCI_REFERENCE_INVALID");
    expect(methods(remote)).toEqual([]);
  });
});

test("two hundred blobs at once need no more connections than the transport has", async () => {
  await using remote = await createRemoteRepository();
  const blobs = Array.from({ length: 200 }, () => randomBytes(100));
  await Promise.all(blobs.map((each) => remote.store.put(blobOf(each), each)));
  await remote.store.put(emptyConfig, emptyConfigBytes);
  const layers = blobs.map((each) => blobOf(each));
  const manifest = encodeImageManifest({ artifactType: "application/vnd.example.thing", layers });
  await remote.store.put(manifest.descriptor, manifest.bytes);
  expect(remote.registry.connections).toBeLessThanOrEqual(8);
});
