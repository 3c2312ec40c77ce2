import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { latestTag } from "@dtuf/format";
import { createSigner, signDocument, specVersion } from "@dtuf/tuf";
import { createPrivateKey, publicPem } from "@dtuf/testing/keys";
import { readRelease } from "@dtuf/testing/reference-reader";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const { directory, clock, store, open } = usePublishers(createMaster);
let master: Master;
let root: Uint8Array;

beforeEach(async () => {
  master = await establish(open("master"));
  root = await master.rootFile();
  await master.pushMetadata();
});

/** What must not move where nothing is published. */
const trusted = async (): Promise<readonly unknown[]> => [
  (await store.resolve(latestTag, { want: "digest" }))?.descriptor.digest,
  await readFile(join(directory, "master/record.json"), "utf8"),
];

async function expectRefusals(calls: readonly (() => Promise<unknown>)[], error: object): Promise<void> {
  const before = await trusted();
  for (const call of calls) await expect(call()).rejects.toMatchObject(error);
  expect(await trusted()).toEqual(before);
}

const push = (): Promise<unknown> => master.pushMetadata();
const refresh = (): Promise<unknown> => master.refreshMetadata();
const expired = (role: string): object => ({ code: "MASTER_ROLE_EXPIRED", details: { role } });

describe("a release that no client would accept is not published", () => {
  test("if the root has expired, until reset-keys renews it", async () => {
    clock.advance({ days: 366 });
    await expectRefusals([push, refresh], expired("root"));
    await master.resetKeys();
    const { servedUntil } = await master.pushMetadata();
    expect(servedUntil.getTime() - clock.now().getTime()).toBe(86_400_000);
    expect((await readRelease(store, root, clock.now())).root.signed.version).toBe(2);
  });

  test("if targets have expired, until a publication renews them", async () => {
    clock.advance({ days: 92 });
    await expectRefusals([refresh], expired("targets"));
    await master.pushMetadata();
    await master.refreshMetadata();
    await readRelease(store, root, clock.now());
  });

  test("if the root of a staged replacement, which clients pin, has expired", async () => {
    await rm(join(directory, "master/keys"), { recursive: true });
    await master.createRootKey();
    await master.createMetadataKeys();
    await master.resetKeys({ replace: true });
    clock.advance({ days: 366 });
    await expectRefusals([push], expired("root"));
    await master.resetKeys();
    await master.pushMetadata();
    await readRelease(store, await master.rootFile(), clock.now());
  });

  test("if a delegated role's file expired after it was staged, until it is signed again", async () => {
    const key = createPrivateKey();
    const sign = (version: number, until: string): Promise<Uint8Array> => {
      const expires = new Date(until);
      const role = { type: "targets", specVersion, version, expires, targets: new Map(), unrecognized: {} } as const;
      return signDocument(role, [createSigner(key)]);
    };
    await master.delegate("tools", {
      paths: ["tools/*"],
      keys: [publicPem(key)],
      metadata: await sign(1, "2030-01-03"),
    });
    clock.advance({ days: 5 });
    await expectRefusals([push], expired("tools"));
    await master.updateRole("tools", await sign(1, "2031-01-01"));
    await master.pushMetadata();
  });
});

describe("a clock", () => {
  test.for([30, 400])("that is %i days behind signs nothing", async (days) => {
    clock.advance({ days: -days });
    const calls = [push, refresh, () => master.resetKeys(), () => master.status({ registry: "check" })];
    await expectRefusals(calls, { code: "MASTER_CLOCK_SUSPECT" });
  });

  test("that was 30 days ahead and is right again is accepted with `clock: trusted`", async () => {
    clock.advance({ days: 30 });
    await master.pushMetadata();
    clock.advance({ days: -30 });
    await expectRefusals([push], { code: "MASTER_CLOCK_SUSPECT" });
    await expectRefusals([() => master.status()], { code: "MASTER_CLOCK_SUSPECT" });
    expect((await master.status({ clock: "trusted" })).registry).toBe("unchecked");
    await expectRefusals([push], { code: "MASTER_CLOCK_SUSPECT" });
    await master.pushMetadata({ clock: "trusted" });
    await master.refreshMetadata();
    await readRelease(store, root, clock.now());
  });

  test("that is 400 days ahead is an error that names the expired role", async () => {
    clock.advance({ days: 400 });
    await expectRefusals([push, refresh], expired("root"));
    clock.advance({ days: -400 });
    await master.pushMetadata();
  });

  test("that is a few minutes behind is accepted", async () => {
    clock.advance({ seconds: -9 * 60 });
    await master.refreshMetadata();
    clock.advance({ seconds: -2 * 60 });
    await expectRefusals([refresh], { code: "MASTER_CLOCK_SUSPECT" });
  });
});
