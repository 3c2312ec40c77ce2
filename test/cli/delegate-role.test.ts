/** A role that others sign, through the commands: from their signed file to a client's bytes. */
import { createPublicKey } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestHex, digestOf, parseTag } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createSigner, parseTargetPath, signDocument, specVersion } from "@dtuf/tuf";
import { latestTag } from "@dtuf/format";
import { createPrivateKey } from "@dtuf/testing/keys";
import { beforeAll, describe, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const key = createPrivateKey();
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
  await write("tools.pub", String(createPublicKey(key).export({ format: "pem", type: "spki" })));
});

const write = (name: string, content: string | Uint8Array): Promise<void> =>
  writeFile(join(machine.directory, name), content);

/** What the role's own people do: push the bytes, sign their names. */
async function signTools(version: number, content: string, days = 365): Promise<void> {
  await write("hammer", content);
  await machine.must(["push-blob", repo, "hammer"]);
  const bytes = Buffer.from(content);
  const hashes = new Map([["sha256", digestHex(digestOf(bytes))]]);
  const targets = new Map([[parseTargetPath("tools/hammer"), { length: bytes.length, hashes, unrecognized: {} }]]);
  const expires = new Date(Date.now() + 86_400_000 * days);
  const document = { type: "targets", specVersion, version, expires, targets, unrecognized: {} } as const;
  await write("tools.json", await signDocument(document, [createSigner(key)]));
}

const delegate = ["delegate-role", repo, "tools", "tools.json", "--key", "tools.pub"];

describe("a delegated role", () => {
  test("is published with its delegation, pulled by a client, explained, renewed and revoked", async () => {
    await signTools(1, "one");
    await machine.must([...delegate, "--path", "tools/*"]);
    expect((await machine.run(["status", repo])).stdout).toContain("staged: role tools\n");
    expect((await machine.run(["pull-target", repo, "tools/hammer"])).status).toBe(3);
    await machine.must(["push-metadata", repo]);
    expect((await machine.must(["pull-target", repo, "tools/hammer"])).stdout).toBe("one");
    expect((await machine.must(["explain", repo, "tools/hammer"])).stdout).toBe(
      "targets (from root): not-here\ntools (from targets): found\n",
    );
    expect((await machine.must(["get-master-expirations", repo])).stdout).toMatch(/^tools: 2/m);

    await signTools(2, "two");
    await machine.must(["update-role", repo, "tools", "tools.json"]);
    await machine.must(["push-metadata", repo]);
    expect((await machine.must(["pull-target", repo, "tools/hammer"])).stdout).toBe("two");

    await machine.must(["revoke-role", repo, "tools"]);
    await machine.must(["push-metadata", repo]);
    expect((await machine.run(["pull-target", repo, "tools/hammer"])).status).toBe(3);
  });

  test("that expires is refused before it is published, and named after it, with update-role", async () => {
    await signTools(10, "ten", 2);
    await machine.must([...delegate, "--path", "tools/*"]);
    const now = machine.now;
    const ahead = (days: number) => () => new Date(Date.now() + 86_400_000 * days);
    machine.now = ahead(3);
    const refused = await machine.run(["push-metadata", repo]);
    expect([refused.status, refused.stderr]).toEqual([
      7,
      expect.stringMatching(/tools [^]*expired at[^]*MASTER_ROLE_EXPIRED[^]*dtuf update-role/),
    ]);
    machine.now = now;
    await machine.must(["push-metadata", repo]);
    machine.now = ahead(3);
    const published = await machine.must(["push-metadata", repo]);
    expect(published.stderr).toMatch(
      /tools expired at \d{4}-\d\d-\d\d \d\d:\d\d UTC \(.* ago\) .*: update-role renews it/,
    );
    const refreshed = await machine.run(["refresh-metadata", repo]);
    expect([refreshed.status, refreshed.stderr]).toEqual([10, expect.stringMatching(/tools expired .*update-role/)]);
    const status = await machine.run(["status", repo]);
    expect([status.status, status.stdout]).toEqual([10, expect.stringMatching(/due: tools expired .*update-role/)]);
    machine.now = now;
    await machine.must(["revoke-role", repo, "tools"]);
    await machine.must(["push-metadata", repo, "--trust-clock"]);
  });

  test.for([
    [["--path", "a", "--path-hash-prefix", "0f"], 2, /--path/],
    [[], 2, /--path/],
    [["--path", "a", "--threshold", "2"], 2, /--threshold/],
    [["--path", "a", "--key", "tools.json"], 1, /TUF_KEY_INVALID/],
    [["--path", "a", "--key", "nothing"], 2, /there is no file nothing/],
  ] as const)("with %j is refused", async ([more, status, says]) => {
    await signTools(3, "three");
    const ran = await machine.run([...delegate, ...more]);
    expect([ran.status, ran.stderr]).toEqual([status, expect.stringMatching(says)]);
    expect((await machine.run(["status", repo])).stdout).not.toContain("staged");
  });

  test("of a top-level name is refused, and an unknown one cannot be renewed", async () => {
    expect((await machine.run(["revoke-role", repo, "snapshot"])).status).toBe(2);
    const unknown = await machine.run(["update-role", repo, "nobody", "tools.json"]);
    expect([unknown.status, unknown.stderr]).toEqual([3, expect.stringContaining("MASTER_ROLE_UNKNOWN")]);
  });
});

describe("a registry that was rolled back", () => {
  test("is explained, and mended from the record where that is asked for", async () => {
    const store = createLayoutStore({ directory: join(machine.directory, "registry", repo) });
    const old = await store.resolve(parseTag("release.1"), { want: "digest" });
    if (old === undefined) throw new TypeError("release.1 is gone");
    await store.tag(latestTag, old.descriptor);
    const refused = await machine.run(["push-metadata", repo]);
    expect([refused.status, refused.stderr]).toEqual([6, expect.stringMatching(/TUF_ROLLBACK[^]*--base recorded/)]);
    expect((await machine.run(["push-metadata", repo, "--base", "other"])).status).toBe(2);
    expect((await machine.run(["push-metadata", repo, "--expect-snapshot", "x"])).status).toBe(2);
    await machine.must(["push-metadata", repo, "--base", "recorded"]);
    expect((await machine.must(["pull-target", repo, "demo.txt"])).stdout).toBe("Hello World\n");
  });
});
