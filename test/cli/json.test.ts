/** `--json` on every command that prints data: one document with a schema's version, and nothing else on stdout. */
import { beforeAll, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
  await machine.must(["push-blob", repo, "demo.txt", "@hello"]);
});

test.each([
  [["list-master-targets", repo], { targets: ["demo.txt"] }],
  [["list-copy-targets", repo], { targets: ["demo.txt"] }],
  [["get-master-expirations", repo], { expirations: { root: expect.any(String), timestamp: expect.any(String) } }],
  [["get-copy-expirations", repo], { expirations: { root: expect.any(String), timestamp: expect.any(String) } }],
  [["status", repo], { registry: "same", due: expect.any(Array) }],
  [["pull-metadata", repo], { status: "unchanged", updatedTargets: ["demo.txt"], versions: { root: 1 } }],
  [["pull-target", repo, "demo.txt", "--output", "out"], { targets: [{ path: "demo.txt", length: 12 }] }],
  [
    ["pull-target", repo, "demo.txt", "--output", "out", "--explain"],
    { plan: [{ path: "demo.txt", fetchedBytes: 0, requests: 0, ways: ["present"] }] },
  ],
  [["blob-sizes", repo, "demo.txt"], { sizes: [12] }],
  [["explain", repo, "demo.txt"], { target: "demo.txt", steps: [{ role: "targets", outcome: "found" }] }],
  [["push-target", repo, "other", "demo.txt"], { target: "other", length: 12, hashes: { sha256: expect.any(String) } }],
  [["push-metadata", repo], { versions: { root: 1, timestamp: 2 }, changed: [{ path: "other", change: "add" }] }],
  [["refresh-metadata", repo], { versions: { timestamp: 3 }, renewed: ["timestamp"] }],
  [["list-repos"], { repositories: [repo] }],
  [["push-blob", repo, "demo.txt"], { digests: [expect.stringMatching(/^sha256:/)] }],
  [["list-aliases", repo], { aliases: expect.arrayContaining(["latest", "hello"]) }],
  [["get-alias", repo, "hello"], { blobs: [expect.stringMatching(/^sha256:/)] }],
  [["get-digest", repo, "hello"], { digests: [expect.stringMatching(/^sha256:/)] }],
  [["resolve", repo, "hello"], { digests: [expect.stringMatching(/^sha256:/)] }],
  [["blob-size", repo, "@hello"], { sizes: [12] }],
  [["del-alias", repo, "hello"], { deleted: [expect.stringMatching(/^sha256:/)] }],
])("%j", async (words, wanted) => {
  const { stdout } = await machine.must([...words, "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, ...wanted });
});
