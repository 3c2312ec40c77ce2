import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { createHostileRegistry, type HostileRegistry, type HostileRegistryOptions } from "./hostile-registry.ts";

const octets = { "content-type": "application/octet-stream" };
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const hello = Buffer.from("hello, registry");

let registry: HostileRegistry;

afterEach(() => registry.close());

async function start(options?: HostileRegistryOptions): Promise<HostileRegistry> {
  return (registry = await createHostileRegistry(options));
}

function digestOf(bytes: Uint8Array, algorithm: "sha256" | "sha512" = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(new URL(path, registry.origin), { redirect: "manual", method, ...init });
}

async function startUpload(query = ""): Promise<string> {
  const response = await send("POST", `/v2/fred/demo/blobs/uploads/${query}`);
  expect(response.status).toBe(202);
  return response.headers.get("location") ?? "";
}

async function pushBlob(bytes: Uint8Array, digest = digestOf(bytes)): Promise<Response> {
  const location = await startUpload();
  return send("PUT", `${location}&digest=${digest}`, { headers: octets, body: bytes });
}

async function sendChunk(location: string, start: number, bytes: Uint8Array): Promise<Response> {
  const range = `${start}-${start + bytes.length - 1}`;
  return send("PATCH", location, { headers: { ...octets, "content-range": range }, body: bytes });
}

interface Pushed {
  readonly digest: string;
  readonly bytes: Buffer;
  readonly response: Response;
}

async function pushManifest(reference: string, more: object = {}): Promise<Pushed> {
  await pushBlob(Buffer.from("{}"));
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(Buffer.from("{}")), size: 2 };
  const manifest = { schemaVersion: 2, mediaType: manifestType, config, layers: [], ...more };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(bytes);
  const response = await send("PUT", `/v2/fred/demo/manifests/${reference.replace("<digest>", digest)}`, {
    headers: { "content-type": manifestType },
    body: bytes,
  });
  return { digest, bytes, response };
}

describe("uploads", () => {
  test("a single POST stores a blob, or starts an upload if that is not supported", async () => {
    await start();
    const path = `/v2/fred/demo/blobs/uploads/?digest=${digestOf(hello)}`;
    expect((await send("POST", path, { headers: octets, body: hello })).status).toBe(201);
    expect(registry.repository("fred/demo").blobs.get(digestOf(hello))).toEqual(hello);
    await registry.close();
    await start({ without: ["single-post"] });
    expect((await send("POST", path, { headers: octets, body: hello })).status).toBe(202);
  });

  test("POST and PUT store a blob under its digest and no other", async () => {
    await start();
    const stored = await pushBlob(hello);
    expect(stored.status).toBe(201);
    expect(stored.headers.get("docker-content-digest")).toBe(digestOf(hello));
    expect((await pushBlob(hello, digestOf(Buffer.from("other")))).status).toBe(400);
    expect((await pushBlob(hello, "sha256:ABC")).status).toBe(400);
    expect([...registry.repository("fred/demo").blobs.keys()]).toEqual([digestOf(hello)]);
  });

  test("a sha512 digest is accepted", async () => {
    await start();
    const digest = digestOf(hello, "sha512");
    const location = await startUpload("?digest-algorithm=sha512");
    expect((await send("PUT", `${location}&digest=${digest}`, { headers: octets, body: hello })).status).toBe(201);
    expect((await send("HEAD", `/v2/fred/demo/blobs/${digest}`)).headers.get("content-length")).toBe("15");
  });

  test("chunks go in order, the last one in the PUT or in a PATCH", async () => {
    await start({ locations: "absolute" });
    const first = await sendChunk(await startUpload(), 0, hello.subarray(0, 5));
    expect(first.status).toBe(202);
    expect(first.headers.get("range")).toBe("0-4");
    const location = first.headers.get("location") ?? "";
    expect(location.startsWith(registry.origin)).toBe(true);
    const outOfOrder = await sendChunk(location, 9, hello.subarray(9));
    expect(outOfOrder.status).toBe(416);
    const status = await send("GET", outOfOrder.headers.get("location") ?? "");
    expect([status.status, status.headers.get("range")]).toEqual([204, "0-4"]);
    const last = await send("PUT", `${status.headers.get("location")}&digest=${digestOf(hello)}`, {
      headers: { ...octets, "content-range": "5-14" },
      body: hello.subarray(5),
    });
    expect(last.status).toBe(201);
    expect(registry.violations).toEqual([expect.stringContaining("wanted from 5; got 9-14")]);
  });

  test("a Location cannot be used twice", async () => {
    await start();
    const location = await startUpload();
    await sendChunk(location, 0, hello);
    expect((await sendChunk(location, 15, hello)).status).toBe(400);
  });

  test("a stream needs no Content-Range", async () => {
    await start();
    const body = new Blob([hello]).stream();
    const init: RequestInit & { duplex: "half" } = { headers: octets, body, duplex: "half" };
    const streamed = await send("PATCH", await startUpload(), init);
    expect(streamed.headers.get("range")).toBe("0-14");
    const location = streamed.headers.get("location") ?? "";
    expect((await send("PUT", `${location}&digest=${digestOf(hello)}`)).status).toBe(201);
  });

  test("chunks below the minimum end the chunks", async () => {
    await start({ chunkMinBytes: 10 });
    const begun = await send("POST", "/v2/fred/demo/blobs/uploads/");
    expect(begun.headers.get("oci-chunk-min-length")).toBe("10");
    const short = await sendChunk(begun.headers.get("location") ?? "", 0, hello.subarray(0, 5));
    expect((await sendChunk(short.headers.get("location") ?? "", 5, hello.subarray(5))).status).toBe(416);
  });

  test("limits of other registries: 413 for a large PUT, 416 for a large PATCH, no chunks at all", async () => {
    await start({ putMaxBytes: 5, chunkMaxBytes: 4, without: ["upload-status", "upload-cancel"] });
    expect((await pushBlob(hello)).status).toBe(413);
    const location = await startUpload();
    expect((await sendChunk(location, 0, hello)).status).toBe(416);
    expect((await send("GET", location)).status).toBe(404);
    expect((await send("DELETE", location)).status).toBe(405);
  });

  test("a cancelled upload is gone", async () => {
    await start();
    const location = await startUpload();
    expect((await send("DELETE", location)).status).toBe(204);
    expect((await send("GET", location)).status).toBe(404);
  });

  test("mounts from a named repository, from any, and falls back to an upload", async () => {
    await start();
    await pushBlob(hello);
    const mount = `/v2/other/blobs/uploads/?mount=${digestOf(hello)}`;
    expect((await send("POST", `${mount}&from=nobody`)).status).toBe(202);
    expect((await send("POST", `${mount}&from=fred/demo`)).status).toBe(201);
    registry.repository("other").blobs.clear();
    expect((await send("POST", mount)).status).toBe(201);
    expect(registry.repository("other").blobs.get(digestOf(hello))).toEqual(hello);
  });
});

describe("blobs", () => {
  test("ranges: from the start, from the middle, the end alone, out of bounds, ignored", async () => {
    await start();
    await pushBlob(hello);
    const path = `/v2/fred/demo/blobs/${digestOf(hello)}`;
    const get = async (range: string): Promise<readonly [number, string | null, string]> => {
      const response = await send("GET", path, { headers: { range } });
      return [response.status, response.headers.get("content-range"), await response.text()];
    };
    expect(await get("bytes=0-4")).toEqual([206, "bytes 0-4/15", "hello"]);
    expect(await get("bytes=7-")).toEqual([206, "bytes 7-14/15", "registry"]);
    expect(await get("bytes=-8")).toEqual([206, "bytes 7-14/15", "registry"]);
    expect(await get("bytes=15-")).toEqual([416, "bytes */15", ""]);
    registry.script({ fault: { kind: "ignore-range" } });
    expect(await get("bytes=7-")).toEqual([200, null, "hello, registry"]);
  });

  test("deletes blobs, and refuses if that is not allowed", async () => {
    await start();
    await pushBlob(hello);
    const path = `/v2/fred/demo/blobs/${digestOf(hello)}`;
    expect((await send("DELETE", path)).status).toBe(202);
    expect((await send("DELETE", path)).status).toBe(404);
    await registry.close();
    await start({ without: ["blob-delete"] });
    expect((await send("DELETE", path)).status).toBe(405);
  });
});

describe("manifests", () => {
  test("are served byte for byte by tag and digest, to clients that accept their type", async () => {
    await start();
    const { digest, bytes, response } = await pushManifest("latest");
    expect(response.status).toBe(201);
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    for (const reference of ["latest", digest]) {
      const got = await send("GET", `/v2/fred/demo/manifests/${reference}`, { headers: { accept: manifestType } });
      expect(got.headers.get("content-type")).toBe(manifestType);
      expect(Buffer.from(await got.arrayBuffer())).toEqual(bytes);
    }
    const docker = { accept: "application/vnd.docker.distribution.manifest.v2+json" };
    expect((await send("GET", "/v2/fred/demo/manifests/latest", { headers: docker })).status).toBe(404);
  });

  test("refuses one that contradicts its Content-Type or names content that is not there", async () => {
    await start();
    const index = "application/vnd.oci.image.index.v1+json";
    expect((await pushManifest("latest", { mediaType: index })).response.status).toBe(400);
    expect((await pushManifest("latest", { manifests: [] })).response.status).toBe(400);
    const missing = { mediaType: "a/b", digest: digestOf(Buffer.from("missing")), size: 7 };
    expect((await pushManifest("latest", { layers: [missing] })).response.status).toBe(404);
    expect(registry.repository("fred/demo").tags.size).toBe(0);
    expect(registry.violations).toHaveLength(3);
  });

  test("sets several tags at once, or none if that is not supported", async () => {
    await start();
    const { digest, response } = await pushManifest("<digest>?tag=a&tag=b");
    expect(response.headers.get("oci-tag")).toBe("a, b");
    expect([...registry.repository("fred/demo").tags]).toEqual([
      ["a", digest],
      ["b", digest],
    ]);
    await registry.close();
    await start({ without: ["multi-tag"] });
    expect((await pushManifest("<digest>?tag=a")).response.headers.get("oci-tag")).toBeNull();
    expect(registry.repository("fred/demo").tags.size).toBe(0);
  });

  test("deletes a tag alone, a manifest with its tags", async () => {
    await start();
    const { digest } = await pushManifest("a");
    await pushManifest("b");
    expect((await send("DELETE", "/v2/fred/demo/manifests/a")).status).toBe(202);
    expect([...registry.repository("fred/demo").tags.keys()]).toEqual(["b"]);
    expect((await send("DELETE", `/v2/fred/demo/manifests/${digest}`)).status).toBe(202);
    expect(registry.repository("fred/demo").tags.size).toBe(0);
  });

  test("lists referrers of a subject that need not be there, filtered and in pages", async () => {
    await start({ pageSize: 1 });
    const subject = { mediaType: manifestType, digest: digestOf(Buffer.from("subject")), size: 7 };
    const first = await pushManifest("<digest>", { subject, artifactType: "text/a", annotations: { k: "v" } });
    const second = await pushManifest("<digest>", { subject, artifactType: "text/b" });
    expect(first.response.headers.get("oci-subject")).toBe(subject.digest);
    const path = `/v2/fred/demo/referrers/${subject.digest}`;
    const filtered = await send("GET", `${path}?artifactType=text/a`);
    expect(filtered.headers.get("oci-filters-applied")).toBe("artifactType");
    const { manifests } = (await filtered.json()) as { manifests: unknown[] };
    expect(manifests).toEqual([
      {
        mediaType: manifestType,
        digest: first.digest,
        size: first.bytes.length,
        artifactType: "text/a",
        annotations: { k: "v" },
      },
    ]);
    expect(await walk(path, "manifests")).toEqual([first.digest, second.digest].toSorted());
    await registry.close();
    await start({ without: ["referrers"] });
    expect((await send("GET", path)).status).toBe(404);
  });
});

async function walk(path: string, field: string): Promise<string[]> {
  const found: string[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const response = await send("GET", next);
    const page = ((await response.json()) as Record<string, (string | { digest: string })[]>)[field] ?? [];
    found.push(...page.map((entry) => (typeof entry === "string" ? entry : entry.digest)));
    next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
  }
  return found;
}

describe("lists", () => {
  test("tags come in ASCII order, page by page", async () => {
    await start({ pageSize: 2 });
    for (const tag of ["b", "a", "B", "c", "0"]) await pushManifest(tag);
    registry.clearLog();
    expect(await walk("/v2/fred/demo/tags/list", "tags")).toEqual(["0", "B", "a", "b", "c"]);
    expect(registry.requests.map(({ path }) => path)).toEqual([
      "/v2/fred/demo/tags/list",
      "/v2/fred/demo/tags/list?n=2&last=B",
      "/v2/fred/demo/tags/list?n=2&last=b",
    ]);
    expect(await walk("/v2/fred/demo/tags/list?n=0", "tags")).toEqual([]);
    expect((await send("GET", "/v2/nobody/tags/list")).status).toBe(404);
  });

  test("the catalog has every repository", async () => {
    await start({ pageSize: 1 });
    for (const name of ["b", "a/b"]) registry.repository(name);
    expect(await walk("/v2/_catalog", "repositories")).toEqual(["a/b", "b"]);
  });
});
