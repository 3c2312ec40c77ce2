/** What is signed beside a target, and how a client fetches less by it: patches, chains of them, compressed copies, archives. */
import { createHash, randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import zlib from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const { machine, registry } = useMachineAndRegistry();

beforeEach(async () => {
  await publishDemo(machine, "fred/demo", "small");
  await machine.must(["get-root", "fred/demo", "--output", "root.json"]);
  await machine.must(["pull-metadata", "fred/demo", "root.json"]);
});
const at = (name: string): string => join(machine.directory, name);

/** A version whose every chunk differs from that of the others. */
function version(number: number): Buffer {
  const bytes = Buffer.from(base);
  for (let place = number; place < bytes.length; place += 5000) bytes[place] = (bytes[place] ?? 0) + number;
  return bytes;
}
/** Little more than what gets an index and a patch. */
const base = randomBytes(1_100_000);

/** Like a program's source: it compresses well, and differs everywhere. Packed, it is little more than what gets a patch. */
function makeSource(seed: string): Buffer {
  const lines = Array.from({ length: 75_000 }, (_, line) => {
    const sum = createHash("sha256")
      .update(`${line} ${line % 50 === 0 ? seed : ""}`)
      .digest("hex");
    return `const value${line} = "${sum.slice(0, 20)}";\n`;
  });
  return Buffer.from(lines.join(""));
}
const sources = { one: makeSource("one"), two: makeSource("two") };

async function publish(bytes: Uint8Array, words: readonly string[] = []): Promise<string> {
  await writeFile(at("file"), bytes);
  const { stderr } = await machine.must(["push-target", "fred/demo", "app", "file", ...words]);
  await machine.must(["push-metadata", "fred/demo"]);
  return stderr;
}

interface Pulled {
  readonly ways: readonly string[];
  readonly fetchedBytes: number;
  readonly requests: number;
  readonly isRight: boolean;
  readonly stderr: string;
}

/** A client that has `old`, or nothing. */
async function update(content: Uint8Array, old?: Uint8Array): Promise<Pulled> {
  await rm(at("new"), { force: true });
  if (old !== undefined) await writeFile(at("old"), old);
  const words = old === undefined ? [] : ["--seed", "old"];
  const { stdout, stderr } = await machine.must([
    ...["pull-target", "fred/demo", "app", "--output", "new", "--json"],
    ...words,
  ]);
  const { targets } = JSON.parse(stdout) as { readonly targets: readonly Omit<Pulled, "isRight" | "stderr">[] };
  const isRight = (await readFile(at("new"))).equals(content);
  return { ways: [], fetchedBytes: -1, requests: -1, ...targets[0], isRight, stderr };
}

test("a patch from the published version is signed unless --no-patch says otherwise", async () => {
  await publish(version(1));
  expect(await publish(version(2))).toMatch(/with a patch of/);
  expect(await update(version(2), version(1))).toMatchObject({ ways: ["patch"], isRight: true });
  expect(await publish(version(3), ["--no-patch"])).not.toMatch(/patch/);
});

test("a client goes from one version to the next by the patches of each, three at most", async () => {
  for (const number of [1, 2, 3, 4, 5]) await publish(version(number));
  const [near, far] = [await update(version(5), version(4)), await update(version(5), version(2))];
  expect(near).toMatchObject({ ways: ["patch"], isRight: true });
  expect(far).toMatchObject({ ways: ["patch"], isRight: true });
  // One patch costs less than the chunk index, three of them are compared with it.
  expect([near.requests, far.requests]).toEqual([1, 4]);
  const beyond = await update(version(5), version(1));
  expect(beyond.isRight).toBe(true);
  expect(beyond.ways).not.toContain("patch");
});

test("--patch-from names a release by its number or its tag", async () => {
  await publish(version(1));
  const release = Math.max(
    ...[...registry.repository("fred/demo").tags.keys()].map((tag) => Number(/^release\.(\d+)$/.exec(tag)?.[1] ?? 0)),
  );
  await publish(version(2), ["--no-patch"]);
  expect(await publish(version(3), ["--patch-from", `release.${release}`])).toMatch(/with a patch of/);
  expect(await update(version(3), version(1))).toMatchObject({ ways: ["patch"], isRight: true });
  await writeFile(at("file"), version(4));
  expect(await machine.run(["push-target", "fred/demo", "app", "file", "--patch-from", "999"])).toMatchObject({
    status: 3,
  });
});

test("push-targets makes patches for each target if it is asked, and takes no file for that", async () => {
  await publish(version(1));
  await writeFile(at("app"), version(2));
  const push = ["push-targets", "fred/demo", "app", "--patch-from"];
  expect(await machine.run([...push, "root.json"])).toMatchObject({ status: 2 });
  await machine.must([...push, "published"]);
  await machine.must(["push-metadata", "fred/demo"]);
  expect(await update(version(2), version(1))).toMatchObject({ ways: ["patch"], isRight: true });
});

test("a first installation takes the compressed copy, and other tools find the file itself", async () => {
  const content = sources.one;
  expect(await publish(content, ["--compress"])).toMatch(/with a compressed copy of/);
  const plan = await machine.must(["pull-target", "fred/demo", "app", "--output", "new", "--explain"]);
  expect(plan.stdout).toMatch(/the compressed copy/);
  const pulled = await update(content);
  expect(pulled).toMatchObject({ ways: ["compressed"], isRight: true });
  expect(pulled.fetchedBytes).toBeLessThan(0.8 * content.length);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  expect(Buffer.from(registry.repository("fred/demo").blobs.get(digest) ?? []).equals(content)).toBe(true);
});

test("an archive that zlib makes again is patched by what is in it", async () => {
  const [old, content] = [sources.one, sources.two].map((bytes) => zlib.gzipSync(bytes, { level: 9 }));
  if (old === undefined || content === undefined) throw new TypeError("nothing was packed");
  await publish(old);
  expect(await publish(content)).toMatch(/with a patch of/);
  const pulled = await update(content, old);
  expect(pulled).toMatchObject({ ways: ["patch"], isRight: true });
  expect(pulled.fetchedBytes).toBeLessThan(0.2 * content.length);
});

test("an archive that zlib does not make again gets no patch of what is in it, and is right", async () => {
  // A second member without content, as no single call of zlib makes it.
  const pack = (bytes: Buffer): Buffer => Buffer.concat([zlib.gzipSync(bytes, { level: 9 }), zlib.gzipSync("")]);
  const [old, content] = [pack(sources.one), pack(sources.two)];
  await publish(old);
  await publish(content);
  expect((await update(content, old)).isRight).toBe(true);
});

test("a person is told when a patch failed and more was fetched", async () => {
  await publish(version(1));
  await publish(version(2));
  const fault = { kind: "answer", status: 500 } as const;
  registry.script({
    match: { method: "GET", where: ({ headers }) => headers.range !== undefined },
    times: Infinity,
    fault,
  });
  const { isRight, stderr } = await update(version(2), version(1));
  expect(isRight).toBe(true);
  expect(stderr).toMatch(/app could not be made from a patch, so more of it is fetched: /);
});
