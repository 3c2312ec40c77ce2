/** What `del-blob` does not delete: the blobs that signed targets of this machine's state are made of. */
import { beforeEach, expect, test } from "vitest";
import { digestOf } from "@dtuf/registry";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const content = "Hello World\n";
const blob = digestOf(Buffer.from(content));
const machine = useMachine({ DTUF_HOST: "oci:registry" });

beforeEach(async () => {
  await publishDemo(machine, repo, content);
});

test("a blob of a signed target stays, and nothing else that was named with it goes", async () => {
  const other = (await machine.must(["push-blob", repo, "-"], "other")).stdout.trim();
  await machine.must(["set-alias", repo, "both", blob, other]);
  const manifest = (await machine.must(["get-manifest", repo, "both"])).bytes;
  for (const words of [[other, blob], ["@both"], []]) {
    const ran = await machine.run(["del-blob", repo, ...words], manifest);
    expect(ran.stderr).toContain(`${blob} is a blob of the target "demo.txt", which is signed`);
    expect(ran.stderr).toContain(`hint: dtuf del-target ${repo} demo.txt`);
    expect(ran.status).toBe(2);
  }
  await machine.must(["pull-blob", repo, other]);
  await machine.must(["pull-blob", repo, "@both"]);
});

test("a part of a target made of several stays too", async () => {
  const part = digestOf(Buffer.from("part"));
  await machine.must(["push-target", repo, "joined", "demo.txt", "-"], "part");
  await machine.must(["push-metadata", repo]);
  expect((await machine.run(["del-blob", repo, part])).stderr).toContain('of the target "joined"');
});

test("it goes when the target is gone, and on a machine that publishes nothing there", async () => {
  await machine.must(["del-target", repo, "demo.txt"]);
  expect((await machine.run(["del-blob", repo, blob])).status).toBe(2);
  await machine.must(["push-metadata", repo]);
  await machine.must(["del-blob", repo, blob]);
  await publishDemo(machine, "fred/second", content);
  await machine.must(["del-blob", "fred/second", blob, "--repositories-root", "elsewhere"]);
});

test("a repository of the same name elsewhere is another one", async () => {
  await machine.must(["push-blob", "oci:copied/fred/demo", "-"], content);
  machine.environment["DTUF_HOST"] = "oci:copied";
  expect((await machine.run(["del-blob", repo, blob])).status).toBe(0);
});
