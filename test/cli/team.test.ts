/** Ceremonies and delegates through the commands: several people, each on a machine of their own, and one registry. */
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMachine, publishDemo, type Machine } from "./machine.ts";

const repo = "fred/demo";
const registry = useHostileRegistry("all tests");
let ci: Machine;
const machines = new Map<string, Machine>();

/** A person's machine: a key pair, which is remembered for signing, and the published repository as its base. */
async function createPerson(name: string): Promise<Machine> {
  const machine = await createMachine({
    DTUF_HOST: registry.host,
    DTUF_INSECURE: "1",
    DTUF_SIGNERS_FILE: "signers.json",
    DTUF_KEY_PASSWORD: "",
  });
  machines.set(name, machine);
  await machine.must(["create-key", name]);
  await copyFile(join(machine.directory, `${name}.pub`), join(ci.directory, `${name}.pub`));
  await writeFile(join(machine.directory, "root.json"), await readFile(join(ci.directory, "root.json")));
  await machine.must(["adopt-metadata", repo, "root.json"]);
  return machine;
}

const of = (name: string): Machine => {
  const machine = machines.get(name);
  if (machine === undefined) throw new TypeError(`nobody is called ${name}`);
  return machine;
};

const hashIn = (stdout: string): string => /^hash: ([0-9a-f]{64})$/m.exec(stdout)?.[1] ?? "";

beforeAll(async () => {
  ci = await createMachine({ DTUF_HOST: registry.host, DTUF_INSECURE: "1", DTUF_KEY_PASSWORD: "" });
  await publishDemo(ci, repo, "Hello World\n");
  await ci.must(["get-root", repo, "--output", "root.json"]);
  for (const name of ["alice", "bob", "dora"]) await createPerson(name);
});
afterAll(async () => {
  for (const machine of [ci, ...machines.values()]) await machine[Symbol.asyncDispose]();
});

const pulled = async (name: string): Promise<{ status: number; stdout: string }> => {
  await ci.must(["pull-metadata", repo, "root.json"]);
  const { status, stdout } = await ci.run(["pull-target", repo, name]);
  return { status, stdout };
};

describe("a team of machines", () => {
  test("gives the targets role to two people: the new root is proposed, signed and accepted", async () => {
    for (const owner of ["alice", "bob"]) {
      await ci.must(["add-key", repo, "targets", `${owner}.pub`, "--owner", owner]);
    }
    const listed = JSON.parse((await ci.must(["list-keys", repo, "--json"])).stdout) as {
      roles: { role: string; keys: { keyId: string; owner?: string }[] }[];
    };
    const old = listed.roles.find(({ role }) => role === "targets")?.keys.find(({ owner }) => owner === undefined);
    await ci.must(["remove-key", repo, "targets", old?.keyId ?? ""]);
    await ci.must(["set-threshold", repo, "targets", "2"]);
    const proposed = await ci.must(["propose", repo, "two"]);
    expect(proposed.stdout).toMatch(/^keys of targets: in [0-9a-f]{64} of alice$/m);
    expect(proposed.stdout).toMatch(/^keys of targets: out [0-9a-f]{64}$/m);
    expect(proposed.stdout).toMatch(/^keys of targets: threshold 1 -> 2$/m);
    expect(proposed.stdout).toMatch(/^targets \d+: signed by nobody, 0 of 2 by root 2; missing: alice, bob$/m);
    expect((await ci.run(["accept", repo, "two"])).stderr).toMatch(/missing: alice, bob[^]*MASTER_SIGNATURES_MISSING/);

    const hash = hashIn(proposed.stdout);
    expect(hashIn((await of("alice").must(["review", repo, "two"])).stdout)).toBe(hash);
    const unasked = await of("alice").run(["sign", repo, "--proposal", "two"]);
    expect(unasked).toMatchObject({ status: 2, stderr: expect.stringContaining("nothing was signed") });
    const signed = await of("alice").must(["sign", repo, "--proposal", "two", "--expect-hash", hash, "--yes"]);
    expect(signed.stderr).toMatch(/keys of targets: threshold 1 -> 2[^]*signed targets \d+[^]*missing: bob/);
    expect((await ci.must(["status", repo])).stdout).toContain("proposal: two: missing: bob\n");
    expect((await of("bob").must(["status", repo])).stdout).toContain("proposal: two: missing: bob\n");
    const both = await of("bob").run(["sign", repo, "two", "--proposal", "next", "--yes"]);
    expect(both).toMatchObject({ status: 2, stderr: expect.stringContaining("two proposals are named: two and next") });
    expect((await of("bob").must(["status", repo])).stdout).toContain("proposal: two: missing: bob\n");
    await of("bob").must(["sign", repo, "two", "--expect-hash", hash, "--yes"]);
    expect((await ci.must(["status", repo])).stdout).toContain(`proposal: two: dtuf accept ${repo} two publishes it\n`);
    expect((await ci.must(["accept", repo, "two"])).stderr).toContain(", root 2: renewed root, targets, snapshot,");
    const again = await of("alice").must(["review", repo, "two"]);
    expect([again.stdout, again.stdout]).toEqual([
      expect.stringMatching(/^targets: version \d+, expires [^ ]+$/m),
      expect.not.stringMatching(/ -> /),
    ]);
    expect((await ci.must(["status", repo])).stdout).not.toMatch(/^(?:proposal|staged):/m);
    expect((await ci.run(["accept", repo, "two"])).stderr).toContain("published already");
  });

  test("publishes a target that one proposes and the other signs", async () => {
    await writeFile(join(of("alice").directory, "new.txt"), "new\n");
    await of("alice").must(["push-target", repo, "new.txt", "new.txt"]);
    const proposed = await of("alice").must(["propose", repo]);
    expect(proposed.stdout).toMatch(/^targets: add new\.txt, 4 bytes, sha256 [0-9a-f]{64}$/m);
    const hash = hashIn(proposed.stdout);
    const other = `${hash.startsWith("0") ? "1" : "0"}${hash.slice(1)}`;
    const refused = await of("bob").run(["sign", repo, "--expect-hash", other, "--yes"]);
    expect(refused).toMatchObject({ status: 6, stderr: expect.stringContaining("MASTER_PROPOSAL_CHANGED") });
    await of("bob").must(["sign", repo, "--expect-hash", hash.slice(0, 32), "--yes"]);
    expect((await pulled("new.txt")).status).toBe(3);
    await ci.must(["accept", repo, "next"]);
    expect(await pulled("new.txt")).toEqual({ status: 0, stdout: "new\n" });
    // Nothing was written on the machine of the proposer since.
    expect((await of("alice").must(["status", repo])).stdout).not.toMatch(/^staged:/m);
    expect((await of("alice").must(["diff", repo])).stderr).toContain("nothing is staged");
  });

  test("signs in a file on a machine that is never online, and takes the signature in", async () => {
    await writeFile(join(of("alice").directory, "offline.txt"), "offline\n");
    await of("alice").must(["push-target", repo, "offline.txt", "offline.txt"]);
    const proposed = await of("alice").must(["propose", repo, "by-file"]);
    const hash = hashIn(proposed.stdout);
    await of("alice").must(["sign", repo, "--proposal", "by-file", "--export", "request"]);
    const [alice, bob] = [of("alice").directory, of("bob").directory];
    await copyFile(join(alice, "request"), join(bob, "request"));
    const host = of("bob").environment["DTUF_HOST"] ?? "";
    of("bob").environment["DTUF_HOST"] = "127.0.0.1:1";
    const unasked = await of("bob").run(["sign-file", "request"]);
    expect(unasked).toMatchObject({ status: 2, stderr: expect.stringContaining("nothing was signed") });
    const other = await of("bob").run(["sign-file", "request", "--expect-hash", "0".repeat(64), "--yes"]);
    expect(other).toMatchObject({ status: 6, stderr: expect.stringContaining("MASTER_PROPOSAL_CHANGED") });
    expect(await readFile(join(bob, "request"))).toEqual(await readFile(join(alice, "request")));
    const signed = await of("bob").must(["sign-file", "request", "--expect-hash", hash, "--yes"]);
    expect(signed.stderr).toMatch(/targets: add offline\.txt, 8 bytes[^]*signed targets \d+ in request/);
    of("bob").environment["DTUF_HOST"] = host;
    await copyFile(join(bob, "request"), join(alice, "request"));
    expect((await of("alice").must(["sign", repo, "--import", "request"])).stderr).toContain(`accept ${repo} by-file`);
    expect((await of("alice").run(["sign", repo, "--import", "request"])).status).toBe(3);
    await ci.must(["accept", repo, "by-file"]);
    expect(await pulled("offline.txt")).toEqual({ status: 0, stdout: "offline\n" });
  });

  test("refuses a file in which something else than the statement is to be signed [T159]", async () => {
    await of("alice").must(["push-target", repo, "again.txt", "offline.txt"]);
    await of("alice").must(["propose", repo, "forged"]);
    await of("alice").must(["sign", repo, "--proposal", "forged", "--export", "request"]);
    const text = await readFile(join(of("alice").directory, "request"), "utf8");
    const request = JSON.parse(text) as { files: { content: string }[]; published: { targets: string } };
    const [file] = request.files;
    if (file === undefined) throw new TypeError("a file was to be signed");
    const change = (base64: string): string =>
      Buffer.from(Buffer.from(base64, "base64").toString().replace("again.txt", "other.txt")).toString("base64");
    const forgeries = [
      { ...request, files: [{ ...file, content: change(file.content) }] },
      { ...request, published: { ...request.published, targets: file.content } },
    ];
    for (const forged of forgeries) {
      await writeFile(join(of("bob").directory, "request"), JSON.stringify(forged));
      const refused = await of("bob").run(["sign-file", "request", "--yes"]);
      expect(refused).toMatchObject({ status: 6, stdout: "" });
      expect(refused.stderr).toMatch(/MASTER_PROPOSAL_INVALID|TUF_THRESHOLD_NOT_MET/);
      expect(await readFile(join(of("bob").directory, "request"), "utf8")).toBe(JSON.stringify(forged));
    }
    const replacing = await of("alice").must(["propose", repo, "forged"]);
    expect(replacing.stderr).toContain("signatures count only for files that are the same");
  });

  test("trusts a delegate by key alone, who then works with a pinned root and that key [T158]", async () => {
    await copyFile(join(of("dora").directory, "dora.pub"), join(of("alice").directory, "dora.pub"));
    const delegate = ["delegate-role", repo, "tools", "--path", "tools/*", "--key", "dora.pub"];
    expect((await of("alice").must(delegate)).stderr).toContain("their holders sign its first file");
    const { stdout } = await of("alice").must(["propose", repo, "trust-dora"]);
    expect(stdout).toMatch(/^new delegation to tools, by targets: may sign nothing -> tools\/\* \(place 1\)$/m);
    const sign = ["sign", repo, "--proposal", "trust-dora", "--expect-hash", hashIn(stdout), "--yes"];
    await of("bob").must(sign);
    expect((await of("dora").must(sign)).stderr).toContain("signed tools 1");
    await ci.must(["accept", repo, "trust-dora"]);

    const dora = of("dora");
    await writeFile(join(dora.directory, "hammer"), "bang\n");
    await dora.must(["push-target", repo, "tools/hammer", "hammer", "--role", "tools"]);
    const outside = await dora.run(["push-target", repo, "new.txt", "hammer", "--role", "tools"]);
    expect(outside).toMatchObject({ status: 6, stderr: expect.stringContaining("MASTER_PATH_NOT_DELEGATED") });
    const proposed = await dora.must(["propose", repo, "--role", "tools"]);
    expect(proposed.stderr).toMatch(/number 1: all signatures are there\n/);
    await ci.must(["accept", repo, "tools"]);
    expect(await pulled("tools/hammer")).toEqual({ status: 0, stdout: "bang\n" });

    await dora.must(["del-target", repo, "tools/hammer", "--role", "tools"]);
    await dora.must(["propose", repo, "--role", "tools"]);
    await ci.must(["accept", repo, "tools"]);
    expect((await pulled("tools/hammer")).status).toBe(3);
    const nothing = await dora.run(["propose", repo, "--role", "tools"]);
    expect(nothing).toMatchObject({ status: 2, stderr: expect.stringContaining("MASTER_NOTHING_STAGED") });
  });
});
