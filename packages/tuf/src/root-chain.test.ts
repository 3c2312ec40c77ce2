import { createTestSigner } from "@dtuf/testing/keys";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { beforeEach, describe, expect, test } from "vitest";
import { signDocument } from "./document.ts";
import { verifyOlderRoot, verifyRootChain } from "./root-chain.ts";

let sim: TufSimulator;

beforeEach(async () => {
  sim = await createTufSimulator();
});

function file(version: number): Uint8Array {
  return sim.files.get(`${version}.root.json`) ?? new Uint8Array();
}

async function publishRoot(change: "root key" | "none"): Promise<void> {
  if (change === "root key") sim.rotateKeys("root");
  sim.root.version += 1;
  await sim.publishRoot();
}

describe("a chain of roots", () => {
  test("is accepted if each is signed as a rotation from the previous one, expired ones too", async () => {
    sim.root.expires = new Date("1990-01-01T00:00:00Z");
    await publishRoot("root key");
    await publishRoot("root key");
    const chain = verifyRootChain([file(1), file(2), file(3)]);
    expect(chain.map(({ signed }) => signed.version)).toEqual([1, 2, 3]);
    expect(chain.map(({ bytes }) => bytes)).toEqual([file(1), file(2), file(3)]);
  });

  test("with a gap, a repetition, another order or another root in it is refused", async () => {
    await publishRoot("root key");
    await publishRoot("root key");
    const other = await signDocument({ ...sim.root, version: 2 }, [createTestSigner()]);
    expectRefused(() => verifyRootChain([file(1), file(3)]), "TUF_THRESHOLD_NOT_MET");
    expectRefused(() => verifyRootChain([file(1), file(1)]), "TUF_VERSION_MISMATCH");
    expectRefused(() => verifyRootChain([file(2), file(1)]), "TUF_THRESHOLD_NOT_MET");
    expectRefused(() => verifyRootChain([file(1), other]), "TUF_THRESHOLD_NOT_MET");
    expectRefused(() => verifyRootChain([other]), "TUF_THRESHOLD_NOT_MET");
    expect(() => verifyRootChain([])).toThrow(TypeError);
  });

  test("may have as many rotations as a refresh, and no more", async () => {
    for (let root = 0; root < 3; root++) await publishRoot("none");
    const files = [file(1), file(2), file(3)];
    expect(verifyRootChain(files, { limits: { maxRootRotations: 2 } })).toHaveLength(3);
    expectRefused(
      () => verifyRootChain([...files, file(4)], { limits: { maxRootRotations: 2 } }),
      "TUF_LIMIT_EXCEEDED",
    );
  });
});

describe("a root older than the pinned one", () => {
  const verify = (older: Uint8Array, next: Uint8Array, pin: Uint8Array): number => {
    const [[nextRoot], [pinned]] = [verifyRootChain([next]), verifyRootChain([pin])];
    if (nextRoot === undefined || pinned === undefined) throw new TypeError("no root");
    return verifyOlderRoot(older, { next: nextRoot, pinned }).signed.version;
  };

  test("is accepted if the pinned root's threshold of keys signed it", async () => {
    await publishRoot("none");
    await publishRoot("none");
    expect(verify(file(2), file(3), file(3))).toBe(2);
    expect(verify(file(1), file(2), file(3))).toBe(1);
  });

  test("is refused if it leads to the pinned root, whose keys did not sign it [T132]", async () => {
    await publishRoot("root key");
    const refusal = expect.objectContaining({ code: "TUF_THRESHOLD_NOT_MET" });
    expect(verifyRootChain([file(1), file(2)])).toHaveLength(2);
    expect(() => verify(file(1), file(2), file(2))).toThrow(refusal);
  });

  test("is refused under another version's name", async () => {
    await publishRoot("none");
    await publishRoot("none");
    const refusal = expect.objectContaining({ code: "TUF_VERSION_MISMATCH" });
    expect(() => verify(file(1), file(3), file(3))).toThrow(refusal);
  });
});
