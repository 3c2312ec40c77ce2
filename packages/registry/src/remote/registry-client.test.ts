import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { HttpRequest, Transport } from "../http/index.ts";
import { OciError } from "../errors.ts";
import { parseTag } from "../oci/tag.ts";
import { createStaticCredentials } from "./credentials/credentials.ts";
import { createRegistryClient } from "./registry-client.ts";
import { errorBodyMaxBytes } from "./requests/store-limits.ts";
import { uploadRule } from "./blobs/upload-rules.ts";

const latest = parseTag("latest");
const time = { now: () => new Date(), random: () => 0.5 };

/** Records where a request would be sent. */
function createNotebook(): Transport & { readonly urls: string[] } {
  const urls: string[] = [];
  return {
    urls,
    send({ url }: HttpRequest) {
      urls.push(url.href);
      return Promise.reject(new OciError("OCI_UNAVAILABLE", "noted"));
    },
    close: () => Promise.resolve(),
  };
}

describe("Docker Hub", () => {
  test.each([
    ["docker.io", "busybox", "https://registry-1.docker.io/v2/library/busybox/"],
    ["index.docker.io", "busybox", "https://registry-1.docker.io/v2/library/busybox/"],
    ["registry-1.docker.io", "fred/demo", "https://registry-1.docker.io/v2/fred/demo/"],
    ["notdocker.io", "busybox", "https://notdocker.io/v2/busybox/"],
    ["docker.io.example.com", "busybox", "https://docker.io.example.com/v2/busybox/"],
    ["hub.docker.io", "busybox", "https://hub.docker.io/v2/busybox/"],
  ])("is %s exactly: %s is requested at %s", async (registry, name, url) => {
    const transport = createNotebook();
    const client = createRegistryClient({ registry, transport, ...time });
    await expect(client.repository(name).resolve(latest, { want: "digest" })).rejects.toThrow("noted");
    expect(transport.urls).toEqual([`${url}manifests/latest`]);
  });
});

describe("a client", () => {
  test.each(["https://example.com", "fred@example.com", "example.com/x", "", "a b", "0x7f.1"])(
    "cannot be created for %j",
    (registry) => {
      expect(() => createRegistryClient({ registry, transport: createNotebook(), ...time })).toThrow(OciError);
    },
  );

  test.each(["", "Fred/demo", "fred//demo", "../demo", "fred/demo?x", `x/${"a".repeat(260)}`])(
    "has no repository %j [T67]",
    (name) => {
      const client = createRegistryClient({ registry: "example.com", transport: createNotebook(), ...time });
      expect(() => client.repository(name)).toThrow(OciError);
    },
  );

  test("recognises a registry by its answer to /v2/", async () => {
    await using remote = await createRemoteRepository();
    expect(await remote.client.ping()).toBe(true);
    remote.registry.script({ fault: { kind: "answer", status: 404 } });
    expect(await remote.client.ping()).toBe(false);
    remote.registry.clearScript();
    remote.registry.script({ fault: { kind: "answer", status: 401 } });
    await expectRefused(remote.client.ping(), "OCI_UNAUTHORIZED");
  });

  test("is used again after it was closed", async () => {
    await using remote = await createRemoteRepository();
    expect(await remote.client.ping()).toBe(true);
    await remote.client.close();
    expect(await remote.client.ping()).toBe(true);
    expect(remote.registry.connections).toBe(2);
  });

  test("does not close a shared transport", async () => {
    const transport = createNotebook();
    let closed = 0;
    const shared = { ...transport, close: () => Promise.resolve(void (closed += 1)) };
    await createRegistryClient({ registry: "example.com", transport: shared, ...time }).close();
    expect(closed).toBe(0);
  });

  test("finds the challenge at /v2/ if a 401 has none, as from Google's registries", async () => {
    await using remote = await createRemoteRepository({
      auth: { kind: "bearer", users: { fred: "secret" } },
      client: { credentials: createStaticCredentials({ kind: "basic", username: "fred", password: "secret" }) },
    });
    const headers = { "www-authenticate": null };
    remote.registry.script({ match: { path: /manifests/, nth: 1 }, fault: { kind: "change", headers } });
    expect(await remote.store.resolve(latest, { want: "bytes" })).toBeUndefined();
    expect(remote.asked()).toContain("GET /v2/");
  });

  test("gets tokens although every connection has received a 401", async () => {
    await using remote = await createRemoteRepository({
      auth: { kind: "bearer", users: { fred: "secret" } },
      client: { credentials: createStaticCredentials({ kind: "basic", username: "fred", password: "secret" }) },
    });
    const resolving = Array.from({ length: 30 }, () => remote.store.resolve(latest, { want: "bytes" }));
    expect(await Promise.all(resolving)).toEqual(resolving.map(() => undefined));
  });

  test("sends credentials and the user's headers to the registry only [T55, T59]", async () => {
    await using elsewhere = await createRemoteRepository();
    await using remote = await createRemoteRepository({
      client: {
        credentials: createStaticCredentials({ kind: "bearer", token: "planted" }),
        headers: { "X-Api-Key": "planted" },
      },
    });
    const location = ({ path }: { readonly path: string }): string => `${elsewhere.registry.origin}${path}`;
    remote.registry.script({ fault: { kind: "redirect", location } });
    expect(await remote.store.resolve(latest, { want: "bytes" })).toBeUndefined();
    expect(JSON.stringify(remote.registry.requests[0]?.headers)).toContain("planted");
    expect(elsewhere.registry.requests).toHaveLength(1);
    expect(JSON.stringify(elsewhere.registry.requests[0])).not.toContain("planted");
  });
});

describe("over plain http to a host that is not a loopback address", () => {
  const plain = { registry: "registry.example", scheme: "http", ...time } as const;

  test.each(["X-Api-Key", "Cookie", "Authorization"])(
    "the user's header %s is refused, and nothing sent",
    async (name) => {
      const transport = createNotebook();
      const client = createRegistryClient({ ...plain, transport, headers: { [name]: "planted" } });
      await expectRefused(client.ping(), "OCI_INSECURE_CREDENTIALS");
      expect(transport.urls).toEqual([]);
    },
  );

  test("a User-Agent is not a secret, because old config.json files have one", async () => {
    const transport = createNotebook();
    const client = createRegistryClient({ ...plain, transport, headers: { "User-Agent": "Docker-Client/19.03" } });
    await expect(client.ping()).rejects.toThrow("noted");
  });
});

describe("a Warning", () => {
  test("is shown once for each text, unquoted", async () => {
    const shown: string[] = [];
    await using remote = await createRemoteRepository({ client: { onWarning: (text) => void shown.push(text) } });
    const warning = ['299 - "quota \\"nearly\\" full", 299 - "moving soon"', '299 - "moving soon"', '110 - "stale"'];
    remote.registry.script({ fault: { kind: "change", headers: { warning } } });
    await remote.client.ping();
    await remote.client.ping();
    expect(shown).toEqual(['quota "nearly" full', "moving soon"]);
  });

  test("is limited in number", async () => {
    const shown: string[] = [];
    await using remote = await createRemoteRepository({ client: { onWarning: (text) => void shown.push(text) } });
    const warning = Array.from({ length: 200 }, (_, index) => `299 - "${index}"`);
    remote.registry.script({
      fault: { kind: "change", headers: { warning: [...warning, `299 - "${"x".repeat(5000)}"`] } },
    });
    await remote.client.ping();
    expect(shown).toHaveLength(100);
  });
});

describe("a refusal", () => {
  test.each([
    [401, "OCI_UNAUTHORIZED"],
    [403, "OCI_FORBIDDEN"],
    [405, "OCI_UNSUPPORTED"],
    [409, "OCI_STATUS"],
    [429, "OCI_UNAVAILABLE"],
    [500, "OCI_UNAVAILABLE"],
  ])("with %i is %s, with the registry's message", async (status, code) => {
    await using remote = await createRemoteRepository();
    const body = JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "slow down" }, 7] });
    remote.registry.script({ fault: { kind: "answer", status, body } });
    await expectRefused(remote.store.resolve(latest, { want: "bytes" }), code, {
      message: expect.stringContaining("TOOMANYREQUESTS: slow down"),
      details: { status, registryCodes: ["TOOMANYREQUESTS"] },
    });
  });

  test.each([
    ["HTML", "<html>no</html>", "status 418"],
    ["text", "I am a teapot\nreally", "status 418 (I am a teapot)"],
    [
      "lines and escapes",
      '{"errors":[{"code":"A\\nB","message":"\\u001b[31m\\r\\ndtuf: hint: run rm"}]}',
      String.raw`status 418 (A\u{a}B: \u{1b}[31m\u{d}\u{a}dtuf: hint: run rm)`,
    ],
    [
      "a detail",
      '{"errors":[{"code":"DENIED","message":"no","detail":"quota \\u001b[31m"},{"code":"A","detail":{"Tag":"v1"}}]}',
      String.raw`status 418 (DENIED: no: quota \u{1b}[31m; A: {"Tag":"v1"})`,
    ],
    [
      "details that add nothing",
      '{"errors":[{"code":"A","message":"no","detail":"no"},{"code":"B","detail":{}},{"code":"C","detail":null}]}',
      "status 418 (A: no; B; C)",
    ],
    ["nothing", "", "status 418"],
  ])("explained by %s is reported with the readable part of it", async (_what, body, said) => {
    await using remote = await createRemoteRepository();
    remote.registry.script({ fault: { kind: "answer", status: 418, body } });
    await expect(remote.client.ping()).rejects.toThrow(new RegExp(`${said.replace(/[()[\]{}\\]/g, "\\$&")}$`));
  });

  test("of a host that a redirect led to is not quoted", async () => {
    await using elsewhere = await createRemoteRepository();
    await using remote = await createRemoteRepository();
    const body = '{"errors":[{"code":"INTERNAL","message":"secret of another host"}]}';
    elsewhere.registry.script({ fault: { kind: "answer", status: 403, body } });
    remote.registry.script({ fault: { kind: "redirect", location: `${elsewhere.registry.origin}/internal` } });
    const error: unknown = await remote.store.resolve(latest, { want: "bytes" }).catch((thrown: unknown) => thrown);
    expect(elsewhere.asked()).toEqual(["GET /internal"]);
    expect(error).toMatchObject({ code: "OCI_FORBIDDEN", details: { status: 403, registryCodes: [] } });
    expect(String(error)).not.toContain("secret");
  });

  test("with an endless explanation is read up to a bound [T69]", async () => {
    await using remote = await createRemoteRepository();
    const body = Buffer.alloc(errorBodyMaxBytes * 100, "x");
    remote.registry.script({ fault: { kind: "answer", status: 418, body } });
    const error: unknown = await remote.client.ping().catch((thrown: unknown) => thrown);
    expect((error as OciError).message.length).toBeLessThan(1000);
  });
});

test.each([
  ["ghcr.io", { chunkBytes: 4 * 1024 * 1024, wholeMaxBytes: Infinity }],
  ["fred.azurecr.io", { chunkBytes: 8 * 1024 * 1024, wholeMaxBytes: 16 * 1024 * 1024 }],
  ["europe-docker.pkg.dev", { chunkBytes: Infinity, wholeMaxBytes: Infinity }],
  ["example.com", { chunkBytes: 8 * 1024 * 1024, wholeMaxBytes: Infinity }],
])("the upload rule of %s is %j", (host, rule) => {
  expect(uploadRule(host)).toEqual(rule);
  expect(uploadRule(host, { chunkBytes: 7, wholeMaxBytes: 9 })).toEqual({ chunkBytes: 7, wholeMaxBytes: 9 });
});
