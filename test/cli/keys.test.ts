/** Keys and thresholds from the command line: made anywhere, added, listed, removed; signing with what this person has. */
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry", DTUF_SIGNERS_FILE: "config/signers.json" });

beforeEach(async () => {
  await publishDemo(machine, repo, "Hello World\n");
});

const path = (name: string): string => join(machine.directory, name);
const read = (name: string): Promise<string> => readFile(path(name), "utf8");

interface Listed {
  readonly roles: readonly {
    readonly role: string;
    readonly threshold: number;
    readonly keys: readonly Readonly<Record<"keyId" | "owner" | "privateKey" | "staged", string | undefined>>[];
  }[];
}

async function listed(role: string): Promise<Listed["roles"][number] | undefined> {
  const { roles } = JSON.parse((await machine.must(["list-keys", repo, "--json"])).stdout) as Listed;
  return roles.find((each) => each.role === role);
}

describe("create-key", () => {
  test("makes a pair of 0600 and 0644 anywhere, says whether it is encrypted, and never writes over a file", async () => {
    const made = await machine.must(["create-key", "deep/alice"]);
    expect(made.stderr).toContain("the key is NOT encrypted: its file is enough to sign");
    expect(made.stderr).toContain("created the ed25519 key deep/alice; deep/alice.pub is the half to give to others");
    expect((await stat(path("deep/alice"))).mode & 0o777).toBe(0o600);
    const before = await read("deep/alice");
    const again = await machine.run(["create-key", "deep/alice"]);
    expect(again).toMatchObject({ status: 2 });
    expect(await read("deep/alice")).toBe(before);
  });

  test("imports a key of another tool under the same public key, and encrypts it", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writeFile(path("sec1.pem"), privateKey.export({ format: "pem", type: "sec1" }));
    machine.environment["DTUF_KEY_PASSWORD"] = "correct horse";
    await machine.must(["create-key", "bob", "--from", "sec1.pem"]);
    expect(await read("bob")).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----/);
    expect(await read("bob.pub")).toBe(publicKey.export({ format: "pem", type: "spki" }));
  });
});

describe("a root of two holders", () => {
  test("is signed with what this person has: the key file here and the key that is remembered", async () => {
    await machine.must(["create-key", "alice"]);
    await machine.must(["add-key", repo, "root", "alice.pub", "--owner", "@alice"]);
    await machine.must(["set-threshold", repo, "root", "2"]);
    const status = await machine.run(["status", repo]);
    expect(status.stdout).toMatch(/staged: add the key [0-9a-f]{8} of @alice, to root\nstaged: threshold 2 of root/);
    const pushed = await machine.must(["push-metadata", repo]);
    expect(pushed.stderr).toMatch(/published release \d+ of .*, snapshot \d+, root 2: renewed root, targets/);
    expect(await listed("root")).toMatchObject({
      threshold: 2,
      keys: [
        { privateKey: path("dtuf_repos/fred/demo/master/keys/root_key") },
        { owner: "@alice", privateKey: `file2:${path("alice")}` },
      ],
    });
    await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
  });

  test("that is not here is named, what is staged stays, and nothing is published", async () => {
    await machine.must(["create-key", "alice", "--signers-file", "laptop-of-alice.json"]);
    await machine.must(["add-key", repo, "root", "alice.pub", "--owner", "@alice"]);
    await machine.must(["set-threshold", repo, "root", "2"]);
    const refused = await machine.run(["push-metadata", repo]);
    expect(refused.stderr).toMatch(
      /root 2 is staged and not signed: 2 keys of root 2 must sign, 1 here; missing: @alice/,
    );
    expect(refused.status).toBe(3);
    expect((await machine.must(["list-keys", repo])).stdout).toMatch(
      /owner @alice {2}private key not here {2}staged: add/,
    );
    await machine.must(["push-metadata", repo, "--signers-file", "laptop-of-alice.json"]);
    expect(await machine.run(["remove-key", repo, "root", "@alice"])).toMatchObject({ status: 2 });
    expect((await listed("root"))?.keys.map(({ owner }) => owner)).toEqual([undefined, "@alice"]);
  });

  test("with a wrong passphrase is not signed: an error that names the file, and what is staged stays", async () => {
    machine.environment["DTUF_KEY_PASSWORD"] = "right";
    await machine.must(["create-key", "alice"]);
    await machine.must(["add-key", repo, "root", "alice.pub", "--owner", "@alice"]);
    await machine.must(["set-threshold", repo, "root", "2"]);
    machine.environment["DTUF_KEY_PASSWORD"] = "wrong";
    const refused = await machine.run(["push-metadata", repo]);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toMatch(/wrong passphrase for .*alice \(SIGNER_PASSPHRASE_WRONG\)/);
    machine.environment["DTUF_KEY_PASSWORD"] = "right";
    await machine.must(["push-metadata", repo]);
    expect(await listed("root")).toMatchObject({ threshold: 2 });
  }, 60_000);
});

describe("a CI machine", () => {
  test("refreshes with the key that --signer names, and no key file", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    machine.environment["CI_TIMESTAMP_KEY"] = String(privateKey.export({ format: "pem", type: "pkcs8" }));
    await machine.must(["add-key", repo, "timestamp", "envvar:CI_TIMESTAMP_KEY", "--owner", "ci"]);
    await machine.must(["push-metadata", repo]);
    const root = (await machine.must(["get-root", repo])).bytes;
    const ci = ["--repositories-root", "ci", "--signers-file", "none.json"];
    await machine.must(["adopt-metadata", repo, "-", ...ci.slice(0, 2)], root);
    expect(await machine.run(["refresh-metadata", repo, ...ci])).toMatchObject({ status: 3 });
    await machine.must(["refresh-metadata", repo, ...ci, "--signer", "envvar:CI_TIMESTAMP_KEY"]);
    const other = generateKeyPairSync("ed25519").privateKey;
    machine.environment["CI_OTHER_KEY"] = String(other.export({ format: "pem", type: "pkcs8" }));
    const refused = await machine.run(["refresh-metadata", repo, ...ci, "--signer", "envvar:CI_OTHER_KEY"]);
    expect(refused).toMatchObject({ status: 3 });
    expect(refused.stderr).toContain("timestamp needs 1 of its keys to sign, 0 found");
  });
});

describe("the list of signers", () => {
  const sign = (...words: readonly string[]) => machine.run(["propose", repo, "people", ...words]);

  test("keeps the place of a key when a copy of it is made, until that place is gone; --signer wins over it", async () => {
    await machine.must(["create-key", "alice"]);
    await machine.must(["add-key", repo, "targets", "alice.pub"]);
    await machine.must(["set-threshold", repo, "targets", "2"]);
    const before = await read("config/signers.json");
    const copied = await machine.must(["create-key", "copy", "--from", "alice"]);
    expect(copied.stderr).toContain(`remembers file2:${path("alice")} for this key`);
    expect(await read("config/signers.json")).toBe(before);
    await rename(path("alice"), path("moved"));
    const refused = await sign();
    expect(refused).toMatchObject({ status: 3, stderr: expect.stringContaining("--signer file2:FILE signs with it") });
    expect(await sign("--signer", "file2:moved")).toMatchObject({ status: 0 });
    await machine.must(["create-key", "again", "--from", "moved"]);
    expect(await read("config/signers.json")).toContain(`file2:${path("again")}`);
    expect(await sign()).toMatchObject({ status: 0 });
  });

  test("is a person's own: 0600, without a secret; a damaged one is an error that names it", async () => {
    machine.environment["DTUF_KEY_PASSWORD"] = "correct horse";
    await machine.must(["create-key", "alice"]);
    expect((await stat(path("config/signers.json"))).mode & 0o777).toBe(0o600);
    expect(await read("config/signers.json")).not.toMatch(/correct horse|PRIVATE/);
    await mkdir(path("damaged"));
    await writeFile(path("damaged/signers.json"), "{");
    const refused = await machine.run(["list-keys", repo, "--signers-file", "damaged/signers.json"]);
    expect(refused).toMatchObject({ status: 2 });
    expect(refused.stderr).toContain("damaged/signers.json is no list of signers");
  });
});
