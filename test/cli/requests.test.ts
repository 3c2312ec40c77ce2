/** The requests of each command, in full: what is known already is not asked for again. */
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LoggedRequest } from "@dtuf/testing";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { beforeAll, describe, expect, test } from "vitest";
import { createMachine, type Machine } from "./machine.ts";
import { useMachineOf } from "./use-machine.ts";

const repo = "fred/demo";
const registry = useHostileRegistry("all tests");
const publisher = useMachineOf(registry, {}, "all tests");
const client = useMachineOf(registry, {}, "all tests");

beforeAll(async () => {
  for (const name of ["a", "b", "c", "d", "e"]) await writeFile(join(publisher.directory, name), `content of ${name}`);
  await mkdir(join(publisher.directory, "dir"));
  for (const name of ["x", "y"]) await writeFile(join(publisher.directory, "dir", name), `content of ${name}`);
  await publisher.must(["create-root-key", repo]);
  await publisher.must(["create-metadata-keys", repo]);
});

/** `PUT release.N`: the method, and the kind of what is named. Equal ones are counted: `PUT target x2`. */
function kindOf({ method, path }: LoggedRequest): string {
  const [, what = "", query = ""] = /^\/v2\/fred\/demo\/([^?]*)(.*)$/.exec(path) ?? [];
  const kinds: readonly (readonly [RegExp, string])[] = [
    [/^blobs\/uploads\/$/, query.startsWith("?mount") ? "upload, or found" : query === "" ? "upload" : "upload whole"],
    [/^blobs\/uploads\/./, "content"],
    [/^blobs\//, "blob"],
    [/^manifests\/latest$/, "latest"],
    [/^manifests\/release\.\d+$/, "release.N"],
    [/^manifests\/[0-9a-f]{64}\./, "target"],
    [/^manifests\/meta\./, "role"],
    [/^manifests\/tools$/, "role's second tag"],
    [/^manifests\/proposal\./, "proposal"],
    [/^tags\/list$/, "tags"],
  ];
  return `${method} ${kinds.find(([pattern]) => pattern.test(what))?.[1] ?? path}`;
}

async function requestsOf(machine: Machine, words: readonly string[]): Promise<readonly string[]> {
  registry.clearLog();
  await machine.must(words);
  expect(registry.violations).toEqual([]);
  const counts: [string, number][] = [];
  for (const kind of registry.requests.map(kindOf)) {
    const last = counts.at(-1);
    if (last?.[0] === kind) last[1]++;
    else counts.push([kind, 1]);
  }
  return counts.map(([kind, count]) => (count === 1 ? kind : `${kind} x${count}`));
}

const signed = (files: number): string => `POST upload whole${files === 1 ? "" : ` x${files}`}`;
/** After the release has its own tag: look, move, look, and look for a publisher that has built on it. */
const switched = ["HEAD latest", "PUT latest", "HEAD latest", "GET release.N"];

describe("the requests of", () => {
  test("create-metadata: one, whether something is published", async () => {
    expect(await requestsOf(publisher, ["create-metadata", repo])).toEqual(["GET latest"]);
  });

  test("the first push-target: content and empty config, each in two, and the manifest", async () => {
    expect(await requestsOf(publisher, ["push-target", repo, "a", "a"])).toEqual([
      ...["POST upload, or found", "PUT content"],
      ...["POST upload, or found", "PUT content", "PUT target"],
    ]);
  });

  test("the first push-metadata: the root too", async () => {
    expect(await requestsOf(publisher, ["push-metadata", repo])).toEqual([
      ...["GET latest", "HEAD target", "GET release.N", "POST upload, or found", signed(4), "PUT release.N"],
      ...["HEAD target", "GET latest", ...switched.slice(1)],
    ]);
    await writeFile(join(client.directory, "root.json"), (await publisher.must(["get-root", repo])).bytes);
  });

  test("push-target: the content in two, and the manifest", async () => {
    const requests = ["POST upload, or found", "PUT content", "PUT target"];
    expect(await requestsOf(publisher, ["push-target", repo, "b", "b"])).toEqual(requests);
  });

  test("push-metadata: two for each staged target, and one for each file that was signed", async () => {
    const put = ["GET latest", "HEAD target", "GET release.N", signed(3), "PUT release.N"];
    const requests = [...put, "HEAD target", ...switched];
    expect(await requestsOf(publisher, ["push-metadata", repo])).toEqual(requests);
  });

  test("the first pull-metadata: one", async () => {
    expect(await requestsOf(client, ["pull-metadata", repo, "root.json"])).toEqual(["GET latest"]);
  });

  test("pull-metadata with nothing new: one", async () => {
    expect(await requestsOf(client, ["pull-metadata", repo])).toEqual(["HEAD latest"]);
  });

  test("push-targets: three for each file", async () => {
    const requests = ["POST upload, or found x2", "PUT content x2", "PUT target x2"];
    expect(await requestsOf(publisher, ["push-targets", repo, "dir", "--concurrency", "2"])).toEqual(requests);
    await publisher.must(["push-metadata", repo]);
  });

  test("pull-metadata with something new: two", async () => {
    expect(await requestsOf(client, ["pull-metadata", repo])).toEqual(["HEAD latest", "GET latest"]);
  });

  test("pull-target: one for the metadata, one for each blob", async () => {
    expect(await requestsOf(client, ["pull-target", repo, "b"])).toEqual(["HEAD latest", "GET blob"]);
  });

  test("refresh-metadata: the timestamp is all that is sent, in one", async () => {
    const requests = ["GET latest", "GET release.N", signed(1), "PUT release.N", ...switched];
    expect(await requestsOf(publisher, ["refresh-metadata", repo])).toEqual(requests);
  });

  test("status: one, and the tags, among which are proposals", async () => {
    expect(await requestsOf(publisher, ["status", repo])).toEqual(["GET latest", "GET tags"]);
  });

  test("prune with nothing to delete: one for each release, the list of tags, and `latest`", async () => {
    expect(await requestsOf(publisher, ["prune", repo])).toEqual(["GET latest", "GET tags", "GET release.N x4"]);
  });

  test("publish: those of status, push-target and push-metadata", async () => {
    expect(await requestsOf(publisher, ["publish", repo, "c"])).toEqual([
      ...["GET latest", "POST upload, or found", "PUT content", "PUT target"],
      ...["GET latest", "HEAD target", "GET release.N", signed(3), "PUT release.N", "HEAD target", ...switched],
    ]);
  });

  test("pull with something new: three", async () => {
    expect(await requestsOf(client, ["pull", repo, "c"])).toEqual(["HEAD latest", "GET latest", "GET blob"]);
  });

  test("propose, sign and accept of a delegate's target: what a publication costs, and the proposal", async () => {
    const delegate = await createMachine({
      ...publisher.environment,
      DTUF_SIGNERS_FILE: "signers.json",
      DTUF_KEY_PASSWORD: "",
    });
    await delegate.must(["create-key", "dora"]);
    await copyFile(join(delegate.directory, "dora.pub"), join(publisher.directory, "dora.pub"));
    await publisher.must(["delegate-role", repo, "tools", "--path", "tools/*", "--key", "dora.pub"]);
    await publisher.must(["propose", repo, "first"]);
    await writeFile(join(delegate.directory, "root.json"), (await publisher.must(["get-root", repo])).bytes);
    await writeFile(join(delegate.directory, "a"), "a tool");
    await delegate.must(["adopt-metadata", repo, "root.json"]);
    await delegate.must(["sign", repo, "--proposal", "first", "--yes"]);
    await publisher.must(["accept", repo, "first"]);
    expect(await requestsOf(delegate, ["push-target", repo, "tools/a", "a", "--role", "tools"])).toEqual([
      ...["GET latest", "GET blob", "POST upload, or found", "PUT content", "POST upload, or found", "PUT target"],
    ]);
    expect(await requestsOf(delegate, ["propose", repo, "next", "--role", "tools"])).toEqual([
      ...["GET latest", "GET blob", "GET proposal", "GET tags", "GET proposal x2"],
      ...["POST upload, or found", signed(2), "PUT proposal", "GET proposal"],
    ]);
    expect(await requestsOf(delegate, ["sign", repo, "--proposal", "next", "--yes"])).toEqual([
      ...["GET latest", "GET proposal", "GET blob", "GET latest", "GET proposal"],
    ]);
    expect(await requestsOf(publisher, ["accept", repo, "next"])).toEqual([
      ...["GET latest", "GET proposal", "GET blob", "HEAD target", signed(1), "PUT role"],
      ...["GET release.N", signed(2), "PUT release.N", "HEAD target", ...switched, "PUT role's second tag"],
    ]);
    await delegate[Symbol.asyncDispose]();
  });

  test("a target that lists a small blob three times: it is sent once, looked for once and fetched once", async () => {
    const each = ["POST upload, or found", "PUT content"];
    const words = ["push-target", repo, "t", "d", "e", "d", "d", "--concurrency", "1"];
    expect(await requestsOf(publisher, words)).toEqual([...each, ...each, "PUT target"]);
    await publisher.must(["push-metadata", repo]);
    const fetched = ["HEAD latest", "GET latest", "GET blob x2"];
    expect(await requestsOf(client, ["pull-target", repo, "t"])).toEqual(fetched);
  });
});
