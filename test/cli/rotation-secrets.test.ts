/** Each key of a publisher has a passphrase of its own, and a rotation changes them. */
import { beforeAll, describe, expect, test } from "vitest";
import { uniqueRepository } from "../setup/registries.ts";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const roles = ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"] as const;

const repo = uniqueRepository("rotation");
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");

function setPassphrases(generation: string): void {
  for (const role of roles) machine.environment[`DTUF_${role}_KEY_PASSWORD`] = `${generation} ${role}`;
}

beforeAll(async () => {
  setPassphrases("first");
  machine.environment["DTUF_OLD_ROOT_KEY_PASSWORD"] = "first ROOT";
  await publishDemo(machine, repo, "before\n");
});

describe("with a passphrase of its own for each key", () => {
  test("publishing and refreshing go on between create-metadata-keys and reset-keys, and after it", async () => {
    await machine.must(["create-metadata-keys", repo]);
    await machine.must(["refresh-metadata", repo]);
    await machine.must(["push-metadata", repo]);
    await machine.must(["reset-keys", repo]);
    await machine.must(["refresh-metadata", repo]);
    expect((await machine.run(["push-metadata", repo])).status).toBe(0);
  });

  test("a rotation of every key to new passphrases takes the old root's from its own variable", async () => {
    setPassphrases("second");
    await machine.must(["create-root-key", repo]);
    await machine.must(["create-metadata-keys", repo]);
    const wrong = await machine.run(["refresh-metadata", repo]);
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain("is taken from DTUF_TIMESTAMP_KEY_PASSWORD");
    machine.environment["DTUF_TIMESTAMP_KEY_PASSWORD"] = "first TIMESTAMP";
    await machine.must(["refresh-metadata", repo]);
    setPassphrases("second");
    await machine.must(["reset-keys", repo]);
    await machine.must(["push-metadata", repo]);
    await machine.must(["refresh-metadata", repo]);
  });
});
