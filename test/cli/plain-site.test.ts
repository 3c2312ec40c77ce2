/** A plain TUF repository behind a URL: as whom it is asked, and its mirrors. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HttpLoopbackServer } from "@dtuf/testing/http-servers";
import { publishToDirectory, serveDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { testNow } from "@dtuf/testing/tuf-simulator/tuf-trusted";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMachine, type Machine } from "./machine.ts";

const repo = "fred/plain";
let machine: Machine;
let site: HttpLoopbackServer;
let host: string;
let url: string;

beforeEach(async () => {
  machine = await createMachine();
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
  await machine[Symbol.asyncDispose]();
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

test("mirrors of a plain repository are asked where it fails", async () => {
  await using mirror = await serveDirectory(join(machine.directory, "site"));
  const down = "http://127.0.0.1:9/metadata/";
  const mirrored = ["--metadata-url", down, "--mirror", `${mirror.origin}/metadata/`];
  expect((await machine.must(["pull-target", repo, "a.txt", ...mirrored])).stdout).toBe("content of a");
});
