/** A plain TUF repository behind a URL: as whom it is asked, and its mirrors. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startHttpServer, type HttpLoopbackServer } from "@dtuf/testing/http-servers";
import { publishToDirectory, serveDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { testNow } from "@dtuf/testing/tuf-simulator/tuf-trusted";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { useMachine } from "./use-machine.ts";

const repo = "fred/plain";
const machine = useMachine();
let site: HttpLoopbackServer;
let host: string;
let url: string;

beforeEach(async () => {
  machine.now = () => testNow;
  const sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("content of a"));
  await sim.publishRelease();
  await publishToDirectory(sim, join(machine.directory, "site"));
  await writeFile(join(machine.directory, "root.json"), sim.files.get("1.root.json") ?? "");
  site = await serveDirectory(join(machine.directory, "site"));
  host = new URL(site.origin).host;
  url = `${site.origin}/metadata/`;
  await machine.must(["pin", repo, "root.json"]);
});

afterEach(async () => {
  await site[Symbol.asyncDispose]();
});

/** What each request carried, each value once. */
function sent(server: HttpLoopbackServer, name = "authorization"): readonly unknown[] {
  return [...new Set(server.requests.map(({ headers }) => headers[name]))];
}

const basic = (words: string): string => `Basic ${Buffer.from(words).toString("base64")}`;

describe("a site is asked", () => {
  test.each([
    ["user name and password", { DTUF_USERNAME: "fred", DTUF_PASSWORD: "pw" }, basic("fred:pw")],
    ["token", { DTUF_TOKEN: "secret" }, "Bearer secret"],
    ["authorization", { DTUF_AUTHORIZATION: "Digest x" }, "Digest x"],
  ])("with %s, for metadata and targets", async (_what, given, wanted) => {
    Object.assign(machine.environment, given);
    expect((await machine.must(["pull-target", repo, "a.txt", "--metadata-url", url])).stdout).toBe("content of a");
    expect(sent(site)).toEqual([wanted]);
  });

  test("with what a credentials file has for it, and with headers", async () => {
    const config = { auths: { [host]: { auth: Buffer.from("anna:pw").toString("base64") } } };
    await writeFile(join(machine.directory, "config.json"), JSON.stringify(config));
    const given = ["--registry-config", "config.json", "--header", "X-Key: k"];
    await machine.must(["pull-metadata", repo, "--metadata-url", url, ...given]);
    expect(sent(site)).toEqual([basic("anna:pw")]);
    expect(sent(site, "x-key")).toEqual(["k"]);
  });

  test("without what is another registry's, and a flag that would be is a usage error", async () => {
    Object.assign(machine.environment, { DTUF_HOST: "registry.example", DTUF_USERNAME: "fred", DTUF_PASSWORD: "pw" });
    await machine.must(["pull-metadata", repo, "--metadata-url", url]);
    expect(sent(site)).toEqual([undefined]);
    const ran = await machine.run(["pull-metadata", repo, "--metadata-url", url, "--username", "fred"]);
    expect(ran.stderr).toContain("--username is for registry.example, which DTUF_HOST names, and not for");
    expect(ran.status).toBe(2);
    await machine.must(["pull-metadata", repo, "--metadata-url", url, "--credentials-for", host]);
    expect(sent(site)).toEqual([undefined, basic("fred:pw")]);
  });

  test("with the query of its URL behind every path, for metadata and targets, and no state keeps the query", async () => {
    const signed = `${site.origin}/metadata?sv=1&sig=ABC`;
    expect((await machine.must(["pull-target", repo, "a.txt", "--metadata-url", signed])).stdout).toBe("content of a");
    const urls = site.requests.map(({ url: asked = "" }) => asked);
    expect(urls).toContain("/metadata/2.root.json?sv=1&sig=ABC");
    for (const asked of urls) expect(asked).toMatch(/^\/(metadata|targets)\/[^?]+\?sv=1&sig=ABC$/);
    const state = join(machine.directory, "dtuf_repos", repo, "copy", "state.json");
    expect(await readFile(state, "utf8")).toContain(`${site.origin}/metadata/`);
    expect(await readFile(state, "utf8")).not.toContain("ABC");
  });

  test("not with a user name in its URL, which is a usage error", async () => {
    const ran = await machine.run(["pull-metadata", repo, "--metadata-url", "https://fred:hidden@site.example/"]);
    expect(ran).toMatchObject({ status: 2, stderr: expect.not.stringContaining("hidden") as string });
  });

  test("and a redirect to another origin loses them", async () => {
    await using other = await serveDirectory(join(machine.directory, "site"));
    await using moved = await startHttpServer(
      ({ url: asked = "" }, response) => void response.writeHead(302, { location: `${other.origin}${asked}` }).end(),
    );
    Object.assign(machine.environment, { DTUF_AUTHORIZATION: "Digest x" });
    const given = ["--metadata-url", `${moved.origin}/metadata/`, "--header", "X-Key: k"];
    expect((await machine.must(["pull-target", repo, "a.txt", ...given])).stdout).toBe("content of a");
    expect([sent(moved), sent(moved, "x-key")]).toEqual([["Digest x"], ["k"]]);
    expect([sent(other), sent(other, "x-key")]).toEqual([[undefined], [undefined]]);
  });

  test("and targets elsewhere without them", async () => {
    await using other = await serveDirectory(join(machine.directory, "site"));
    Object.assign(machine.environment, { DTUF_TOKEN: "secret" });
    const given = ["--metadata-url", url, "--target-base-url", `${other.origin}/targets/`, "--header", "X-Key: k"];
    await machine.must(["pull-target", repo, "a.txt", ...given]);
    expect(sent(site)).toEqual(["Bearer secret"]);
    expect([sent(other), sent(other, "x-key")]).toEqual([[undefined], [undefined]]);
  });

  test("never with secrets over plain http to another machine", async () => {
    Object.assign(machine.environment, { DTUF_TOKEN: "secret" });
    const ran = await machine.run(["pull-metadata", repo, "--metadata-url", "http://site.example/", "--insecure"]);
    expect(ran.stderr).toContain("OCI_INSECURE_CREDENTIALS");
    expect(ran.stderr).not.toContain("secret");
  });

  test("by sync --tuf with the source's credentials", async () => {
    const given = ["--tuf", "root.json", "--src-creds", "fred:pw"];
    await machine.must(["sync", url, "oci:carried", ...given]);
    expect(sent(site)).toEqual([basic("fred:pw")]);
  });
});

describe("mirrors of a plain repository are asked where it fails", () => {
  let denying: HttpLoopbackServer;
  let down: readonly string[];
  beforeEach(async () => {
    denying = await startHttpServer((_request, response) => void response.writeHead(403).end());
    down = ["--metadata-url", `${denying.origin}/metadata/`];
  });
  afterEach(() => denying[Symbol.asyncDispose]());
  const secrets = { DTUF_USERNAME: "fred", DTUF_PASSWORD: "pw" };

  test("without the repository's own credentials and headers", async () => {
    Object.assign(machine.environment, secrets);
    const given = [...down, "--mirror", url, "--header", "X-Key: k"];
    expect((await machine.must(["pull-target", repo, "a.txt", ...given])).stdout).toBe("content of a");
    expect([sent(site), sent(site, "x-key")]).toEqual([[undefined], [undefined]]);
  });

  test("with their own, from a credentials file", async () => {
    Object.assign(machine.environment, secrets);
    const config = { auths: { [host]: { auth: Buffer.from("anna:pw").toString("base64") } } };
    await writeFile(join(machine.directory, "config.json"), JSON.stringify(config));
    await machine.must(["pull-metadata", repo, ...down, "--mirror", url, "--registry-config", "config.json"]);
    expect(sent(site)).toEqual([basic("anna:pw")]);
  });

  test.each(["pull", "sync"])("by %s, where the first place is a registry's", async (command) => {
    Object.assign(machine.environment, secrets);
    const place = `${new URL(denying.origin).host}/fred/plain`;
    const given = ["--insecure", "--mirror", url];
    if (command === "pull") await machine.must(["pull-metadata", place, ...given]);
    else await machine.must(["sync", place, "oci:carried", "--tuf", "root.json", ...given.slice(1)]);
    expect(sent(site)).toEqual([undefined]);
  });

  test("by sync --tuf, and --src-creds are not shown to them", async () => {
    const given = ["--tuf", "root.json", "--src-creds", "fred:pw", "--mirror", url];
    await machine.must(["sync", `${denying.origin}/metadata/`, "oci:carried", ...given]);
    expect(sent(denying)).toEqual([basic("fred:pw")]);
    expect(sent(site)).toEqual([undefined]);
  });
});

test.each([
  ["pull-metadata", ["pull-metadata", repo]],
  ["sync", ["sync", "oci:elsewhere", "oci:copied", "--tuf", "root.json"]],
])(
  "%s asks a mirror in plain HTTP if its URL is spelled so, and the first place only with --insecure",
  async (_what, words) => {
    const mirrored = await machine.run([...words, "--mirror", "http://mirror.invalid/metadata/"]);
    expect(mirrored.stderr).toMatch(/mirror\.invalid[^\n]*ENOTFOUND|mirror\.invalid[^\n]*EAI_AGAIN/);
    const first = await machine.run(["pull-metadata", repo, "--metadata-url", "http://site.invalid/metadata/"]);
    expect(first.stderr).toContain("plain http to site.invalid is not allowed");
  },
);

test("a user name in a flag is not dropped because DTUF_HOST names another registry than <repo>", async () => {
  machine.environment["DTUF_HOST"] = "registry.example";
  const ran = await machine.run(["list-aliases", `${host}/fred/demo`, "--username", "fred"]);
  expect(ran.stderr).toContain(`--username is for registry.example, which DTUF_HOST names, and not for ${host}`);
  expect(ran.status).toBe(2);
  expect(site.requests).toEqual([]);
});

test("a sign-in page in between is exit 5, and no alarm", async () => {
  await using portal = await startHttpServer(
    (_request, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in</html>"),
  );
  const ran = await machine.run(["pull-metadata", repo, "--metadata-url", `${portal.origin}/metadata/`]);
  expect(ran).toMatchObject({
    status: 5,
    stderr: expect.stringContaining("returned a web page (text/html) instead of metadata") as string,
  });
  expect(ran.stderr).toContain("hint: sign in to the network in a browser and run the command again");
});

describe("a server that answers 403 for the next root", () => {
  async function serveBucket(): Promise<HttpLoopbackServer> {
    return startHttpServer(({ url: asked = "" }, response) => {
      const path = join(machine.directory, "site", asked);
      readFile(path).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>"),
      );
    });
  }

  test("is refused, exit 5, and the hint names the setting and the bucket's", async () => {
    await using bucket = await serveBucket();
    const ran = await machine.run(["pull-metadata", repo, "--metadata-url", `${bucket.origin}/metadata/`]);
    expect(ran.status).toBe(5);
    expect(ran.stderr).toMatch(/2\.root\.json answered with status 403[^]*list[^]*--absent-root-status 403/);
  });

  test("has no next root with --absent-root-status 403, and a mirror of that answer is not believed", async () => {
    await using bucket = await serveBucket();
    const there = `${bucket.origin}/metadata/`;
    const given = ["--absent-root-status", "403"];
    await machine.must(["pull-metadata", repo, "--metadata-url", there, ...given]);
    await using down = await startHttpServer((_request, response) => void response.writeHead(401).end());
    const mirrored = ["--metadata-url", `${down.origin}/`, "--mirror", there];
    expect(await machine.run(["pull-metadata", repo, ...mirrored, ...given])).toMatchObject({ status: 5 });
    await using moved = await startHttpServer(
      ({ url: asked = "" }, response) => void response.writeHead(302, { location: `${bucket.origin}${asked}` }).end(),
    );
    const redirected = ["--metadata-url", `${moved.origin}/metadata/`];
    expect(await machine.run(["pull-metadata", repo, ...redirected, ...given])).toMatchObject({ status: 5 });
  });

  test("has denied whatever else it denies: the timestamp", async () => {
    await using bucket = await serveBucket();
    const nothing = ["--metadata-url", `${bucket.origin}/nowhere/`, "--absent-root-status", "403"];
    const ran = await machine.run(["pull-metadata", repo, ...nothing]);
    expect(ran).toMatchObject({ status: 5, stderr: expect.stringContaining("timestamp.json answered") as string });
  });
});
