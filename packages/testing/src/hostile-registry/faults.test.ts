import { connect, type Socket } from "node:net";
import { request as requestHttps } from "node:https";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { createCertificateAuthority } from "../certificates.ts";
import { createHostileRegistry, type HostileRegistry, type HostileRegistryOptions } from "./hostile-registry.ts";
import type { Fault } from "./faults.ts";

const digest = `sha256:${"0".repeat(64)}`;
const blobPath = `/v2/fred/demo/blobs/${digest}`;
const content = Buffer.from("0123456789");

let registry: HostileRegistry;

afterEach(() => registry.close());

async function start(options?: HostileRegistryOptions): Promise<HostileRegistry> {
  registry = await createHostileRegistry(options);
  registry.repository("fred/demo").blobs.set(digest, content);
  return registry;
}

function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(new URL(path, registry.origin), { redirect: "manual", method, ...init });
}

/** The bytes received on a raw connection, and how the connection ended. */
async function exchange(bytes: string): Promise<{ readonly received: string; readonly end: string }> {
  const socket: Socket = connect(Number(registry.host.split(":")[1]), "127.0.0.1");
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  const ended = new Promise<string>((resolve) => {
    socket.on("end", () => resolve("fin"));
    socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => resolve(code));
  });
  socket.write(bytes);
  const end = await ended;
  socket.destroy();
  return { received: Buffer.concat(received).toString("latin1"), end };
}

const getBlob = `GET ${blobPath} HTTP/1.1\r\nhost: registry\r\n\r\n`;

function harm(fault: Fault | readonly Fault[]): void {
  registry.script({ match: { path: /\/blobs\// }, fault });
}

describe("the wire", () => {
  test.each([
    ["fin", "fin"],
    ["rst", "ECONNRESET"],
  ] as const)("cuts a body with %s after announcing all of it", async (how, seen) => {
    await start();
    harm({ kind: "cut", afterBytes: 4, how });
    const { received, end } = await exchange(getBlob);
    expect(end).toBe(seen);
    expect(received).toContain("content-length: 10\r\n");
    expect(received.endsWith("\r\n\r\n0123")).toBe(true);
  });

  test("cuts a range, and ignores one", async () => {
    await start();
    registry.script({ match: { nth: 1 }, fault: { kind: "cut", afterBytes: 2 } });
    registry.script({ match: { nth: 2 }, fault: { kind: "ignore-range" } });
    const ranged = getBlob.replace("\r\n\r\n", "\r\nrange: bytes=4-\r\n\r\n");
    const { received } = await exchange(ranged);
    expect(received).toContain("content-range: bytes 4-9/10\r\n");
    expect(received.endsWith("\r\n\r\n45")).toBe(true);
    const whole = await send("GET", blobPath, { headers: { range: "bytes=4-" } });
    expect([whole.status, await whole.text()]).toEqual([200, "0123456789"]);
  });

  test("stalls after some bytes, the connection open", async () => {
    await start();
    harm({ kind: "stall", after: 3 });
    const response = await send("GET", blobPath);
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("012");
    const next = reader?.read().catch(() => "ended by close");
    const first = await Promise.race([next, new Promise((resolve) => setImmediate(() => resolve("still open")))]);
    expect(first).toBe("still open");
    await registry.close();
    expect(await next).toBe("ended by close");
  });

  test("stalls before the headers", async () => {
    await start();
    harm({ kind: "stall", after: "headers" });
    const controller = new AbortController();
    const asked = send("GET", blobPath, { signal: controller.signal });
    await expect.poll(() => registry.requests.length).toBe(1);
    controller.abort();
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
  });

  test("drips", async () => {
    await start();
    harm({ kind: "drip", chunkBytes: 3, everyMs: 5 });
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await send("GET", blobPath)).body ?? []) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(content);
    expect(chunks.length).toBeGreaterThan(1);
  });

  test("sends bytes that are not HTTP", async () => {
    await start();
    harm({ kind: "raw", bytes: "SSH-2.0-nothing\r\n" });
    expect((await exchange(getBlob)).received).toBe("SSH-2.0-nothing\r\n");
  });
});

describe("lies", () => {
  test("about length, digest, media type and content", async () => {
    await start();
    harm({
      kind: "change",
      headers: { "content-length": "20", "docker-content-digest": "sha256:lie", "content-type": "text/html" },
      body: (bytes) => Buffer.from(bytes).reverse(),
    });
    const { received, end } = await exchange(getBlob);
    expect(received).toMatch(/content-length: 20\r\n/);
    expect(received).toMatch(/docker-content-digest: sha256:lie\r\n/);
    expect(received).toMatch(/content-type: text\/html\r\n/);
    expect(received.endsWith("9876543210")).toBe(true);
    expect(end).toBe("fin");
  });

  test("about an upload's Location", async () => {
    await start();
    const elsewhere = "http://169.254.169.254";
    registry.script({ fault: { kind: "change", headers: { location: (path) => `${elsewhere}${path}` } } });
    const begun = await send("POST", "/v2/fred/demo/blobs/uploads/");
    expect(begun.headers.get("location")).toMatch(
      /^http:\/\/169\.254\.169\.254\/v2\/fred\/demo\/blobs\/uploads\/.+_state=1$/,
    );
  });

  test("leaves headers out, the length too", async () => {
    await start();
    harm({ kind: "change", headers: { "content-length": null, "docker-content-digest": null } });
    const response = await send("GET", blobPath);
    expect(response.headers.get("content-length")).toBeNull();
    expect(response.headers.get("docker-content-digest")).toBeNull();
    expect(await response.text()).toBe("0123456789");
  });

  test("sends a megabyte of headers", async () => {
    await start();
    harm({ kind: "change", headers: { "x-padding": "a".repeat(1 << 20) } });
    expect(
      (await exchange(getBlob.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"))).received.length,
    ).toBeGreaterThan(1 << 20);
  });

  test("changes the content between two requests", async () => {
    await start();
    const { blobs } = registry.repository("fred/demo");
    registry.script({ match: { nth: 2 }, fault: { kind: "run", run: () => void blobs.set(digest, Buffer.from("x")) } });
    expect(await (await send("GET", blobPath)).text()).toBe("0123456789");
    expect(await (await send("GET", blobPath)).text()).toBe("x");
  });

  test("sends endless pages, each a new one", async () => {
    await start();
    registry.script({ fault: { kind: "page-forever" } });
    const links = new Set<string | null>();
    for (let page = 0; page < 5; page += 1) {
      links.add((await send("GET", "/v2/fred/demo/tags/list?n=3")).headers.get("link"));
    }
    expect(links.size).toBe(5);
    const pattern = /^<\/v2\/fred\/demo\/tags\/list\?n=3&last=page-\d+>; rel="next"$/;
    for (const link of links) expect(link).toMatch(pattern);
  });
});

describe("instead of an answer", () => {
  test("429 with Retry-After, the first time only", async () => {
    await start();
    registry.script({ times: 1, fault: { kind: "answer", status: 429, headers: { "retry-after": "7" } } });
    const refused = await send("GET", blobPath);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "7"]);
    expect((await send("GET", blobPath)).status).toBe(200);
    expect(registry.requests.map(({ status }) => status)).toEqual([429, 200]);
  });

  test("applies faults to matching requests only, and counts them", async () => {
    await start();
    const rule = registry.script({
      match: { method: "GET", path: /\/blobs\//, where: ({ headers }) => headers.range === undefined, nth: 2 },
      times: 2,
      fault: { kind: "answer", status: 500 },
    });
    const statuses: number[] = [];
    for (const method of ["HEAD", "GET", "GET", "GET", "GET"]) statuses.push((await send(method, blobPath)).status);
    await send("GET", blobPath, { headers: { range: "bytes=0-0" } });
    expect(statuses).toEqual([200, 200, 500, 500, 200]);
    expect([rule.matched, rule.harmed]).toEqual([4, 2]);
    rule.remove();
    expect((await send("GET", blobPath)).status).toBe(200);
  });

  test("redirects anywhere, with any status", async () => {
    await start();
    harm({ kind: "redirect", status: 302, location: ({ path }) => `http://169.254.169.254${path}` });
    const response = await send("GET", blobPath);
    expect([response.status, response.headers.get("location")]).toEqual([302, `http://169.254.169.254${blobPath}`]);
  });

  test("drops the connection, before or after it processed the request", async () => {
    await start();
    registry.script({ match: { nth: 1 }, fault: { kind: "drop", when: "before" } });
    registry.script({ match: { nth: 2 }, fault: { kind: "drop", when: "after", how: "fin" } });
    const deleteBlob = `DELETE ${blobPath} HTTP/1.1\r\nhost: registry\r\n\r\n`;
    expect(await exchange(deleteBlob)).toEqual({ received: "", end: "ECONNRESET" });
    expect(registry.repository("fred/demo").blobs.size).toBe(1);
    expect(await exchange(deleteBlob)).toEqual({ received: "", end: "fin" });
    expect(registry.repository("fred/demo").blobs.size).toBe(0);
  });
});

describe("uploads", () => {
  const octets = { "content-type": "application/octet-stream" };

  async function startUpload(): Promise<string> {
    return (await send("POST", "/v2/fred/demo/blobs/uploads/")).headers.get("location") ?? "";
  }

  test("keeps the bytes that arrived of a cut PATCH", async () => {
    await start();
    registry.script({ match: { method: "PATCH" }, fault: { kind: "drop", when: "after", afterRequestBytes: 6 } });
    const location = await startUpload();
    const headers = { ...octets, "content-range": "0-9" };
    await expect(send("PATCH", location, { headers, body: content })).rejects.toThrow("fetch failed");
    expect((await send("GET", location)).headers.get("range")).toBe("0-5");
  });

  test("forgets uploads", async () => {
    await start();
    registry.script({ match: { method: "PUT" }, fault: { kind: "forget-uploads" } });
    const location = await startUpload();
    expect((await send("PUT", `${location}&digest=${digest}`, { headers: octets, body: content })).status).toBe(404);
  });

  test("records violations by a client", async () => {
    await start();
    const location = await startUpload();
    await send("PUT", `${location}&digest=${digest}`, { headers: { "content-type": "text/plain" }, body: content });
    expect(registry.violations).toEqual(["PUT blob content: Content-Type text/plain"]);
  });
});

describe("authentication", () => {
  const users = { alice: "secret" };
  const basic = { authorization: `Basic ${Buffer.from("alice:secret").toString("base64")}` };
  const pull = "scope=repository:fred/demo:pull";
  const push = "scope=repository:fred/demo:pull,push";

  async function tokenFor(query: string, headers?: Record<string, string>): Promise<Record<string, string>> {
    const response = await send("GET", `/token?${query}`, headers === undefined ? {} : { headers });
    const { token } = (await response.json()) as { token: string };
    return { authorization: `Bearer ${token}` };
  }

  test("Basic", async () => {
    await start({ auth: { kind: "basic", users } });
    expect((await send("GET", blobPath)).headers.get("www-authenticate")).toBe('Basic realm="hostile registry"');
    expect((await send("GET", blobPath, { headers: basic })).status).toBe(200);
  });

  test("Bearer lets anonymous clients pull, and gives users what they ask for", async () => {
    await start({ auth: { kind: "bearer", users } });
    const challenge = (await send("GET", blobPath)).headers.get("www-authenticate");
    const asked = `Bearer realm="${registry.origin}/token",service="hostile-registry"`;
    expect(challenge).toBe(`${asked},scope="repository:fred/demo:pull"`);
    const reader = await tokenFor(push);
    expect((await send("GET", blobPath, { headers: reader })).status).toBe(200);
    const uploads = "/v2/fred/demo/blobs/uploads/";
    const refused = await send("POST", uploads, { headers: reader });
    expect(refused.headers.get("www-authenticate")).toBe(
      `${asked},scope="repository:fred/demo:pull,push",error="insufficient_scope"`,
    );
    expect((await send("POST", uploads, { headers: await tokenFor(push, basic) })).status).toBe(202);
    expect((await send("GET", `/token?${pull}`, { headers: { authorization: "Basic YTpi" } })).status).toBe(401);
  });

  test("POST with a password gives a refresh token, which gives a token", async () => {
    await start({ auth: { kind: "bearer", users, anonymous: "none", tokenFields: "access_token" } });
    expect((await send("GET", `/token?${pull}`)).status).toBe(401);
    const post = async (form: Record<string, string>): Promise<Record<string, string>> =>
      (await (await send("POST", "/token", { body: new URLSearchParams(form) })).json()) as Record<string, string>;
    const password = { grant_type: "password", username: "alice", password: "secret", access_type: "offline" };
    const { refresh_token = "" } = await post(password);
    const answered = await post({ grant_type: "refresh_token", refresh_token, scope: "repository:fred/demo:pull" });
    expect(answered["token"]).toBeUndefined();
    const headers = { authorization: `Bearer ${answered["access_token"]}` };
    expect((await send("GET", blobPath, { headers })).status).toBe(200);
  });

  test("tokens expire, and can be invalidated during a request", async () => {
    let time = 0;
    await start({ auth: { kind: "bearer", ttlSeconds: 60 }, now: () => new Date(time) });
    const headers = await tokenFor(pull);
    expect((await send("GET", blobPath, { headers })).status).toBe(200);
    time = 60_000;
    const expired = await send("GET", blobPath, { headers });
    expect(expired.headers.get("www-authenticate")).toContain('error="invalid_token"');
    registry.script({ match: { method: "HEAD" }, fault: { kind: "expire-tokens" } });
    expect((await send("HEAD", blobPath, { headers: await tokenFor(pull) })).status).toBe(401);
  });

  test("TLS, and a client certificate if it is required", async () => {
    const authority = await createCertificateAuthority();
    const server = await authority.issueServer();
    await start({ tls: { ...server, clientCa: authority.cert } });
    const ping = (client: object): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = requestHttps(`${registry.origin}/v2/`, { ca: authority.cert, ...client }, (response) => {
          void text(response).then(() => resolve(response.statusCode), reject);
        });
        sent.on("error", reject).end();
      });
    expect(await ping(await authority.issueClient("alice"))).toBe(200);
    await expect(ping({})).rejects.toThrow(/certificate required|ECONNRESET|EPIPE/);
  });
});
